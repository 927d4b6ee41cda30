"""Where well-known custom resources name images: one table, by API group and kind.

A row holds only fields that the resource's own CRD describes as an image (or, for Crossplane's packages, as an OCI
reference); most were compared with the published schemas of the CRDs. `*` stands for every item of a list or every
value of a mapping. A field that holds a mapping with `repository` and `tag` is read as such. What a resource puts
together otherwise (the `hub` and `tag` of an IstioOperator, the `imageRepository` of kubeadm, the `image` and `version`
of an ArgoCD) is not here.
"""

from functools import lru_cache

_POD = ("containers.*.image", "initContainers.*.image", "ephemeralContainers.*.image", "volumes.*.image.reference")


def _below(*roots: str, paths: tuple[str, ...] = _POD) -> tuple[str, ...]:
    """Paths (by default those of a pod's `spec`) below each of several."""
    return tuple(f"{root}.{path}" for root in roots for path in paths)


_TEMPLATE = _below("spec.template.spec")
_IMAGE = ("spec.image",)
_IMAGE_AND_TEMPLATE = ("spec.image", *_below("spec.podTemplate.spec"))

# Argo Workflows: Template in pkg/apis/workflow/v1alpha1
_STEP = (
    "container.image", "script.image", "initContainers.*.image", "sidecars.*.image", "containerSet.containers.*.image",
)  # fmt: skip
_WORKFLOW = _below("templates.*", "templateDefaults", paths=_STEP)

# Tekton: the specifications of tasks and pipelines in pkg/apis/pipeline/v1 and v1beta1
_TASK = ("steps.*.image", "sidecars.*.image", "stepTemplate.image")
_PIPELINE = _below("tasks.*", "finally.*", paths=(*_below("taskSpec", paths=_TASK), "taskRef.bundle"))

_MONITOR = ("spec.image", "spec.containers.*.image", "spec.initContainers.*.image")
_BEAT = ("spec.image", *_below("spec.daemonSet.podTemplate.spec", "spec.deployment.podTemplate.spec"))
_RAY = _below("headGroupSpec.template.spec", "workerGroupSpecs.*.template.spec")
_SPARK_ROLE = ("image", "initContainers.*.image", "sidecars.*.image")
_SPARK = ("image", *_below("driver", "executor", paths=_SPARK_ROLE))
_REDIS = (
    "spec.kubernetesConfig.image",
    "spec.redisExporter.image",
    "spec.initContainer.image",
    "spec.sidecars.*.image",
)
_FROM = "from.name"
_BUILD = (
    f"spec.strategy.dockerStrategy.{_FROM}",
    f"spec.strategy.sourceStrategy.{_FROM}",
    f"spec.strategy.customStrategy.{_FROM}",
    f"spec.source.images.*.{_FROM}",
)
_STREAM = (f"spec.tags.*.{_FROM}",)
_K6 = ("image", "initContainers.*.image")
_KERNEL = "domain.firmware.kernelBoot.container.image"
_VICTORIA = (
    "VMSingle",
    "VMAgent",
    "VMAlert",
    "VMAlertmanager",
    "VMAuth",
    "VMAnomaly",
    "VLSingle",
    "VLAgent",
    "VTSingle",
)
_GPU = (
    "driver", "toolkit", "devicePlugin", "dcgm", "dcgmExporter", "gfd", "migManager", "nodeStatusExporter", "validator",
    "vgpuManager", "vgpuDeviceManager", "sandboxDevicePlugin", "vfioManager", "kataManager", "ccManager", "gds",
    "gdrcopy",
)  # fmt: skip

_TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "argoproj.io": {  # Argo Workflows, Events and Rollouts; a Rollout itself is a workload
        **dict.fromkeys(
            ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"), _below("spec", paths=_WORKFLOW)
        ),
        "CronWorkflow": _below("spec.workflowSpec", paths=_WORKFLOW),
        **dict.fromkeys(
            ("AnalysisTemplate", "ClusterAnalysisTemplate"), _below("spec.metrics.*.provider.job.spec.template.spec")
        ),
        "Experiment": _below("spec.templates.*.template.spec"),
        "Sensor": ("spec.template.container.image",),
        "EventSource": ("spec.template.container.image",),
    },
    "tekton.dev": {  # Tekton Pipelines
        **dict.fromkeys(("Task", "ClusterTask"), _below("spec", paths=_TASK)),
        "StepAction": _IMAGE,
        "Pipeline": _below("spec", paths=_PIPELINE),
        "TaskRun": (*_below("spec.taskSpec", paths=_TASK), "spec.taskRef.bundle"),
        "PipelineRun": (*_below("spec.pipelineSpec", paths=_PIPELINE), "spec.pipelineRef.bundle"),
    },
    "serving.knative.dev": {  # Knative Serving
        **dict.fromkeys(("Service", "Configuration"), _TEMPLATE),
        "Revision": _below("spec"),
    },
    "sources.knative.dev": {"ContainerSource": _TEMPLATE},  # Knative Eventing
    "kafka.strimzi.io": {  # Strimzi
        "Kafka": (
            "spec.kafka.image", "spec.kafka.brokerRackInitImage", "spec.zookeeper.image",
            "spec.entityOperator.topicOperator.image", "spec.entityOperator.userOperator.image",
            "spec.entityOperator.tlsSidecar.image", "spec.cruiseControl.image",
            "spec.cruiseControl.tlsSidecar.image", "spec.kafkaExporter.image",
            "spec.jmxTrans.image",
        ),
        **dict.fromkeys(
            ("KafkaConnect", "KafkaMirrorMaker2", "KafkaBridge"), ("spec.image", "spec.clientRackInitImage")
        ),
        "KafkaMirrorMaker": _IMAGE,
    },
    "monitoring.coreos.com": {  # Prometheus Operator; its former baseImage is read in named_images
        "Prometheus": (*_MONITOR, "spec.thanos.image"),
        **dict.fromkeys(("PrometheusAgent", "Alertmanager", "ThanosRuler"), _MONITOR),
    },
    "grafana.integreatly.org": {"Grafana": _below("spec.deployment.spec.template.spec")},  # Grafana Operator
    "elasticsearch.k8s.elastic.co": {"Elasticsearch": ("spec.image", *_below("spec.nodeSets.*.podTemplate.spec"))},
    "kibana.k8s.elastic.co": {"Kibana": _IMAGE_AND_TEMPLATE},  # Elastic Cloud on Kubernetes, as above and below
    "apm.k8s.elastic.co": {"ApmServer": _IMAGE_AND_TEMPLATE},
    "enterprisesearch.k8s.elastic.co": {"EnterpriseSearch": _IMAGE_AND_TEMPLATE},
    "maps.k8s.elastic.co": {"ElasticMapsServer": _IMAGE_AND_TEMPLATE},
    "logstash.k8s.elastic.co": {"Logstash": _IMAGE_AND_TEMPLATE},
    "beat.k8s.elastic.co": {"Beat": _BEAT},
    "agent.k8s.elastic.co": {"Agent": (*_BEAT, *_below("spec.statefulSet.podTemplate.spec"))},
    "pkg.crossplane.io": {  # Crossplane: packages are OCI images
        **dict.fromkeys(("Provider", "Configuration", "Function"), ("spec.package",)),
        "DeploymentRuntimeConfig": _below("spec.deploymentTemplate.spec.template.spec"),
        "ControllerConfig": _IMAGE,
    },
    "postgresql.cnpg.io": {  # CloudNativePG
        "Cluster": ("spec.imageName",),
        "ImageCatalog": ("spec.images.*.image", "spec.componentImages.*.image"),
        "ClusterImageCatalog": ("spec.images.*.image", "spec.componentImages.*.image"),
        "Pooler": _TEMPLATE,
    },
    "acid.zalan.do": {  # Zalando's Postgres Operator
        "postgresql": (
            "spec.dockerImage", "spec.sidecars.*.image", "spec.initContainers.*.image",
            "spec.connectionPooler.dockerImage",
        ),
        "OperatorConfiguration": (
            "configuration.docker_image", "configuration.connection_pooler.connection_pooler_image",
            "configuration.logical_backup.logical_backup_docker_image",
        ),
    },
    "postgres-operator.crunchydata.com": {  # Crunchy Postgres
        "PostgresCluster": (
            "spec.image", "spec.backups.pgbackrest.image", "spec.proxy.pgBouncer.image",
            "spec.monitoring.pgmonitor.exporter.image",
        ),
        "PGAdmin": _IMAGE,
        "PGUpgrade": _IMAGE,
    },
    "pxc.percona.com": {  # Percona's operators
        "PerconaXtraDBCluster": (
            "spec.pxc.image", "spec.haproxy.image", "spec.proxysql.image", "spec.backup.image", "spec.pmm.image",
            "spec.logcollector.image", "spec.initContainer.image", "spec.initImage", "spec.pxc.sidecars.*.image",
            "spec.haproxy.sidecars.*.image", "spec.proxysql.sidecars.*.image",
        ),
    },
    "psmdb.percona.com": {
        "PerconaServerMongoDB": (
            "spec.image", "spec.initImage", "spec.backup.image", "spec.pmm.image", "spec.logcollector.image",
            "spec.replsets.*.sidecars.*.image",
        ),
    },
    "ps.percona.com": {
        "PerconaServerMySQL": (
            "spec.initImage", "spec.mysql.image", "spec.backup.image", "spec.orchestrator.image", "spec.pmm.image",
            "spec.proxy.haproxy.image", "spec.proxy.router.image", "spec.toolkit.image", "spec.mysql.sidecars.*.image",
        ),
    },
    "k8s.mariadb.com": {  # mariadb-operator
        "MariaDB": (
            "spec.image", "spec.galera.agent.image", "spec.galera.initContainer.image", "spec.metrics.exporter.image",
            "spec.initContainers.*.image", "spec.sidecarContainers.*.image",
        ),
        "MaxScale": ("spec.image", "spec.metrics.exporter.image"),
    },
    "mysql.presslabs.org": {"MysqlCluster": _IMAGE},
    "mongodbcommunity.mongodb.com": {"MongoDBCommunity": _below("spec.statefulSet.spec.template.spec")},
    "rabbitmq.com": {  # RabbitMQ Cluster Operator
        "RabbitmqCluster": ("spec.image", *_below("spec.override.statefulSet.spec.template.spec")),
    },
    "databases.spotahome.com": {  # redis-operator
        "RedisFailover": (
            "spec.redis.image", "spec.sentinel.image", "spec.redis.exporter.image", "spec.sentinel.exporter.image",
            *_below("spec.redis", "spec.sentinel", paths=("extraContainers.*.image", "initContainers.*.image")),
        ),
    },
    "redis.redis.opstreelabs.in": dict.fromkeys(
        ("Redis", "RedisCluster", "RedisReplication", "RedisSentinel"), _REDIS
    ),
    "hyperspike.io": {"Valkey": ("spec.image", "spec.exporterImage")},  # valkey-operator
    "dragonflydb.io": {
        "Dragonfly": ("spec.image", "spec.initContainers.*.image", "spec.additionalContainers.*.image"),
    },
    "druid.apache.org": {
        "Druid": _below("spec", "spec.nodes.*", paths=("image", "additionalContainer.*.image")),
    },
    "platform.confluent.io": dict.fromkeys(  # Confluent for Kubernetes
        (
            "Kafka", "Zookeeper", "KRaftController", "Connect", "SchemaRegistry", "KsqlDB", "ControlCenter",
            "KafkaRestProxy",
        ),
        ("spec.image.application", "spec.image.init"),
    ),
    "minio.min.io": {
        "Tenant": (
            "spec.image", "spec.kes.image", "spec.sideCars.containers.*.image", "spec.initContainers.*.image",
        ),
    },
    "cassandra.datastax.com": {"CassandraDatacenter": ("spec.serverImage", *_below("spec.podTemplateSpec.spec"))},
    "ceph.rook.io": {"CephCluster": ("spec.cephVersion.image",)},  # Rook
    "clickhouse.altinity.com": dict.fromkeys(
        ("ClickHouseInstallation", "ClickHouseInstallationTemplate"), _below("spec.templates.podTemplates.*.spec")
    ),
    "clickhouse-keeper.altinity.com": {
        "ClickHouseKeeperInstallation": _below("spec.templates.podTemplates.*.spec"),
    },
    "opentelemetry.io": {  # OpenTelemetry Operator
        "OpenTelemetryCollector": (
            "spec.image", "spec.targetAllocator.image", "spec.initContainers.*.image",
            "spec.additionalContainers.*.image",
        ),
        "TargetAllocator": ("spec.image", "spec.initContainers.*.image", "spec.additionalContainers.*.image"),
        "OpAMPBridge": _IMAGE,
        "Instrumentation": (
            *(f"spec.{part}.image" for part in ("java", "nodejs", "python", "dotnet", "go", "apacheHttpd", "nginx")),
            "spec.java.extensions.*.image",
        ),
    },
    "jaegertracing.io": {  # Jaeger Operator
        "Jaeger": tuple(f"spec.{part}.image" for part in ("allInOne", "collector", "query", "agent", "ingester")),
    },
    "operator.victoriametrics.com": {  # VictoriaMetrics Operator: `image` is a mapping
        **dict.fromkeys(_VICTORIA, _MONITOR),
        "VMCluster": ("spec.vmselect.image", "spec.vminsert.image", "spec.vmstorage.image"),
    },
    "monitoring.grafana.com": {"GrafanaAgent": _MONITOR},
    "datadoghq.com": {"DatadogAgent": ("spec.override.*.image",)},  # a mapping of name and tag
    "dynatrace.com": {
        "DynaKube": (
            "spec.activeGate.image", "spec.oneAgent.classicFullStack.image", "spec.oneAgent.cloudNativeFullStack.image",
            "spec.oneAgent.cloudNativeFullStack.codeModulesImage", "spec.oneAgent.hostMonitoring.image",
            "spec.oneAgent.applicationMonitoring.codeModulesImage",
        ),
    },
    "nvidia.com": {"ClusterPolicy": _below("spec", paths=_GPU)},  # mappings of repository, image and version
    "fluentbit.fluent.io": {  # Fluent Operator, as below
        "FluentBit": ("spec.image", "spec.initContainers.*.image"),
        "Collector": _IMAGE,
    },
    "fluentd.fluent.io": {"Fluentd": _IMAGE},
    "sparkoperator.k8s.io": {  # Spark Operator
        "SparkApplication": _below("spec", paths=_SPARK),
        "ScheduledSparkApplication": _below("spec.template", paths=_SPARK),
    },
    "flink.apache.org": {  # Flink Operator
        "FlinkDeployment": (
            "spec.image",
            *_below("spec.podTemplate.spec", "spec.jobManager.podTemplate.spec", "spec.taskManager.podTemplate.spec"),
        ),
    },
    "ray.io": {  # KubeRay
        "RayCluster": _below("spec", paths=_RAY),
        "RayJob": (*_below("spec.rayClusterSpec", paths=_RAY), *_below("spec.submitterPodTemplate.spec")),
        "RayService": _below("spec.rayClusterConfig", paths=_RAY),
    },
    "kubernetes.dask.org": {"DaskCluster": _below("spec.worker.spec", "spec.scheduler.spec")},
    "kubeflow.org": {  # Kubeflow's training operator and notebooks
        "PyTorchJob": _below("spec.pytorchReplicaSpecs.*.template.spec"),
        "TFJob": _below("spec.tfReplicaSpecs.*.template.spec"),
        "MPIJob": _below("spec.mpiReplicaSpecs.*.template.spec"),
        "XGBoostJob": _below("spec.xgbReplicaSpecs.*.template.spec"),
        "PaddleJob": _below("spec.paddleReplicaSpecs.*.template.spec"),
        "Notebook": _TEMPLATE,
    },
    "serving.kserve.io": {  # KServe
        "InferenceService": (
            "spec.predictor.containers.*.image", "spec.predictor.model.image", "spec.transformer.containers.*.image",
            "spec.explainer.containers.*.image",
        ),
        "ServingRuntime": ("spec.containers.*.image",),
        "ClusterServingRuntime": ("spec.containers.*.image",),
        "ClusterStorageContainer": ("spec.container.image",),
    },
    "machinelearning.seldon.io": {"SeldonDeployment": _below("spec.predictors.*.componentSpecs.*.spec")},  # Seldon Core
    "batch.volcano.sh": {"Job": _below("spec.tasks.*.template.spec")},  # Volcano
    "jobset.x-k8s.io": {"JobSet": _below("spec.replicatedJobs.*.template.spec.template.spec")},
    "leaderworkerset.x-k8s.io": {
        "LeaderWorkerSet": _below(
            "spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"
        ),
    },
    "apps.kruise.io": {  # OpenKruise; its StatefulSet and DaemonSet are read as workloads
        "CloneSet": _TEMPLATE,
        "BroadcastJob": _TEMPLATE,
        "AdvancedCronJob": _below(
            "spec.template.jobTemplate.spec.template.spec", "spec.template.broadcastJobTemplate.spec.template.spec"
        ),
        "SidecarSet": ("spec.containers.*.image", "spec.initContainers.*.image"),
        "ImagePullJob": _IMAGE,
    },
    "agones.dev": {  # Agones
        "Fleet": _below("spec.template.spec.template.spec"),
        "GameServerSet": _below("spec.template.spec.template.spec"),
        "GameServer": _TEMPLATE,
    },
    "actions.github.com": {  # Actions Runner Controller, as below
        "AutoscalingRunnerSet": (*_TEMPLATE, *_below("spec.listenerTemplate.spec")),
    },
    "actions.summerwind.dev": {
        "Runner": _IMAGE,
        "RunnerDeployment": ("spec.template.spec.image",),
        "RunnerSet": ("spec.image", *_TEMPLATE),
    },
    "build.openshift.io": {"BuildConfig": _BUILD, "Build": _BUILD},  # OpenShift: `from` of the kind DockerImage
    "image.openshift.io": {"ImageStream": _STREAM, "ImageStreamTag": (f"tag.{_FROM}",)},
    "": {"BuildConfig": _BUILD, "ImageStream": _STREAM},  # OpenShift before API groups
    "operators.coreos.com": {  # Operator Lifecycle Manager
        "CatalogSource": _IMAGE,
        "ClusterServiceVersion": (
            *_below("spec.install.spec.deployments.*.spec.template.spec"), "spec.relatedImages.*.image",
        ),
    },
    "shipwright.io": dict.fromkeys(
        ("BuildStrategy", "ClusterBuildStrategy"), ("spec.buildSteps.*.image", "spec.steps.*.image")
    ),
    "kpack.io": {
        "ClusterStore": ("spec.sources.*.image",),
        "ClusterStack": ("spec.buildImage.image", "spec.runImage.image"),
    },
    "kubevirt.io": {  # KubeVirt: disks that are images
        **dict.fromkeys(
            ("VirtualMachine", "VirtualMachineInstanceReplicaSet"),
            _below("spec.template.spec", paths=("volumes.*.containerDisk.image", _KERNEL)),
        ),
        "VirtualMachineInstance": _below("spec", paths=("volumes.*.containerDisk.image", _KERNEL)),
    },
    "vault.banzaicloud.com": {"Vault": ("spec.image", "spec.bankVaultsImage", "spec.statsdImage", "spec.fluentdImage")},
    "k8s.keycloak.org": {"Keycloak": ("spec.image", *_below("spec.unsupported.podTemplate.spec"))},
    "seaweed.seaweedfs.com": {"Seaweed": _IMAGE},
    "apps.emqx.io": {"EMQX": _IMAGE},
    "helm.cattle.io": {"HelmChart": ("spec.jobImage",)},
    "infra.contrib.fluxcd.io": {"Terraform": ("spec.runnerPodTemplate.spec.image",)},
    "k8up.io": {"PreBackupPod": _below("spec.pod.spec")},
    "executor.testkube.io": {"Executor": _IMAGE},
    "k6.io": dict.fromkeys(
        ("TestRun", "K6"), _below("spec.runner", "spec.starter", "spec.initializer", paths=_K6)
    ),
    "gateway.envoyproxy.io": {  # Envoy Gateway
        "EnvoyProxy": (
            "spec.provider.kubernetes.envoyDeployment.container.image",
            "spec.provider.kubernetes.envoyDaemonSet.container.image",
            "spec.provider.kubernetes.envoyDeployment.initContainers.*.image",
        ),
    },
    "workspace.devfile.io": {"DevWorkspace": ("spec.template.components.*.container.image",)},
    "fission.io": {"Environment": ("spec.runtime.image", "spec.builder.image")},
    "openfaas.com": {"Function": _IMAGE},
}  # fmt: skip

_EMBEDDED: dict[tuple[str, str], str] = {
    ("template.openshift.io", "Template"): "objects.*",
    ("", "Template"): "objects.*",
    ("triggers.tekton.dev", "TriggerTemplate"): "spec.resourcetemplates.*",
    ("argoproj.io", "Sensor"): "spec.triggers.*.template.k8s.source.resource",
    ("work.open-cluster-management.io", "ManifestWork"): "spec.workload.manifests.*",
    ("kubernetes.crossplane.io", "Object"): "spec.forProvider.manifest",
}

COMPOSING = frozenset((
    ("argoproj.io", "Application"), ("argoproj.io", "ApplicationSet"), ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("helm.fluxcd.io", "HelmRelease"), ("helm.crossplane.io", "Release"), ("helm.cattle.io", "HelmChart"),
    ("helm.cattle.io", "HelmChartConfig"), ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("monitoring.coreos.com", "Prometheus"), ("monitoring.coreos.com", "Alertmanager"),
))  # fmt: skip
"""The groups and kinds whose images `composed_images` puts together."""


@lru_cache(maxsize=512)
def image_paths(group: str, kind: str) -> tuple[tuple[str, ...], ...]:
    """The keypaths at which objects of a kind name images; empty for kinds that are not in the table."""
    return tuple(tuple(path.split(".")) for path in _TABLE.get(group, {}).get(kind, ()))


def embedded_path(group: str, kind: str) -> tuple[str, ...]:
    """The keypath at which objects of a kind hold other objects; empty if they hold none."""
    path = _EMBEDDED.get((group, kind))
    return tuple(path.split(".")) if path else ()
