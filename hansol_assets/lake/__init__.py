"""Where bytes live: paths, fingerprints, manifests, the artifact store and the warehouse.

What belongs here: everything that must hold whatever the bytes mean (atomic writes, checksums,
reuse, row caches). What does not: any knowledge of questions, models or Dagster.
"""
