"""What watches the platform: the collector's walls, objectives and alerts, dashboards."""
