"""What reaches the cluster: Kustomize roots and charts rendered, and every rendered field led back to its source."""
