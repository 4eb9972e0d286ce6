"""The platform on Kubernetes: Kustomize files, and the few of them that are made from the table of topics."""
