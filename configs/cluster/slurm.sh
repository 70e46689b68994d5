#!/bin/bash
# A Ray cluster inside a Slurm job: a raylet on each node, the run on the first.
#   sbatch configs/cluster/slurm.sh configs/synth/default.yaml --out /shared/people clips=10000
# Sent again, after the time limit or a preemption, it goes on where it was.
#SBATCH --job-name=thfm
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --mem=0
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:INT@300
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:-.}"
bin=${THFM_BIN:-.venv/bin}
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
port=$((20000 + SLURM_JOB_ID % 20000))
export RAY_ADDRESS=$head:$port

srun --nodes=1 --ntasks=1 -w "$head" --overlap \
  "$bin/ray" start --head --port="$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
for _ in $(seq 60); do
  "$bin/ray" health-check --address "$RAY_ADDRESS" >/dev/null 2>&1 && break
  sleep 2
done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
  srun --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks-per-node=1 --exclude="$head" --overlap \
    "$bin/ray" start --address="$RAY_ADDRESS" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
fi

# Five minutes before the end Slurm sends SIGINT: clips at work are finished and kept.
"$bin/thfm-synth" generate "$@" &
run=$!
trap 'kill -INT $run' INT TERM
code=0
wait $run || code=$?
while kill -0 $run 2>/dev/null; do code=0; wait $run || code=$?; done
[ "$code" = 130 ] && scontrol requeue "$SLURM_JOB_ID"
exit "$code"
