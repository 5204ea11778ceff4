#!/bin/sh
# Joins the Ray cluster that RAY_JOIN names, if it names one, then becomes the command.
#
# A driver needs a raylet beside it: Ray Data and Ray Train do not work well through Ray's client
# (ray://…). So the pod of a run becomes a node of the cluster, one without CPUs and GPUs, on which
# nothing is scheduled that asks for either. It leaves the cluster when the pod ends.
set -eu

if [ -n "${RAY_JOIN:-}" ]; then
  tries=60
  until ray health-check --address "$RAY_JOIN" > /dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "no Ray cluster of this version answers at $RAY_JOIN" >&2
      exit 1
    fi
    sleep 5
  done
  ray start --address "$RAY_JOIN" --num-cpus 0 --num-gpus 0 --disable-usage-stats
  export RAY_ADDRESS=auto
fi

exec "$@"
