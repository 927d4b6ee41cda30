"""Objects from which a controller makes pods that stand in no manifest: charts, and what operators run.

Where there is one, nobody can tell from the repository alone that a selector matches nothing. The list need not be
complete for anything but that: a kind that is missing here costs a false alarm.
"""

from gitops_guard.model.kubernetes_object import KubernetesObject

_DEPLOYERS = ("Application", "ApplicationSet", "App", "Bundle", "GitRepo", "HelmChart", "HelmRelease", "Kustomization")
_DATA = (
    "Cassandra", "CassandraDatacenter", "ClickHouseInstallation", "Cluster", "CouchbaseCluster", "CrdbCluster",
    "Dragonfly", "EtcdCluster", "InnoDBCluster", "MariaDB", "Memcached", "MongoDB", "MongoDBCommunity", "MysqlCluster",
    "OpenSearchCluster", "PerconaServerMongoDB", "PerconaXtraDBCluster", "PostgresCluster", "postgresql", "Redis",
    "RedisCluster", "RedisFailover", "RedisReplication", "ScyllaCluster", "SGCluster", "SolrCloud", "Tenant",
    "TidbCluster", "VitessCluster", "ZookeeperCluster", "Valkey",
)  # fmt: skip
_MESSAGING = (
    "ActiveMQArtemis", "Broker", "Kafka", "KafkaBridge", "KafkaConnect", "KafkaMirrorMaker2", "KafkaNodePool",
    "NatsCluster", "PulsarCluster", "RabbitmqCluster", "Redpanda",
)  # fmt: skip
_OBSERVING = (
    "Agent", "Alertmanager", "ApmServer", "Beat", "Elasticsearch", "Grafana", "GrafanaAgent", "Jaeger", "Kibana",
    "LogStorage", "Logstash", "LokiStack", "OpenTelemetryCollector", "Prometheus", "PrometheusAgent", "TempoMonolithic",
    "TempoStack", "ThanosRuler", "VMAgent", "VMAlert", "VMAlertmanager", "VMCluster", "VMSingle",
)  # fmt: skip
_RUNNING = (
    "ArgoCD", "Configuration", "CronWorkflow", "FlinkDeployment", "Function", "Gateway", "IngressController",
    "InferenceService", "Installation", "Istio", "IstioOperator", "JobSet", "Keycloak", "Kiali", "LeaderWorkerSet",
    "MPIJob", "Notebook", "PipelineRun", "PyTorchJob", "RayCluster", "RayJob", "RayService", "SparkApplication",
    "TFJob", "TaskRun", "Vault", "VirtualMachine", "VirtualMachineInstance", "Workflow",
    "WorkflowTemplate",
)  # fmt: skip

POD_MAKERS = frozenset((*_DEPLOYERS, *_DATA, *_MESSAGING, *_OBSERVING, *_RUNNING))


def namespace_of_pods(obj: KubernetesObject) -> str:
    """The namespace that an object has pods made in; empty where it names none."""
    spec = obj.spec
    places = (
        spec["targetNamespace"],
        spec["destination"]["namespace"],
        spec["template"]["spec"]["destination"]["namespace"],
    )
    written = next((place.text for place in places if place.text), "")
    if obj.api_group == "kustomize.config.k8s.io":
        written = obj.field["namespace"].text
    return written or obj.identity.namespace
