"""Where runs are read from: run folders, the files beside an earlier report, an MLflow store."""
