#!/bin/bash
# Lists the OpenCL runtimes that tests can be run on, one per line: name and ICD file.
#
# An Intel CPU runtime is found where its package registered it, or by INTEL_OPENCL, the path of a
# libintelocl.so.
set -euo pipefail
cd "$(dirname "$0")/.."

vendors=/etc/OpenCL/vendors
if [[ -e $vendors/pocl.icd ]]; then echo "pocl $vendors/pocl.icd"; fi

intel=${INTEL_OPENCL:-}
for icd in "$vendors"/intel*.icd; do
  if [[ -z $intel && -e $icd ]] && grep -q libintelocl "$icd"; then intel=$(<"$icd"); fi
done
if [[ -n $intel ]]; then
  mkdir -p .build/icd
  echo "$intel" >.build/icd/intel.icd
  echo "intel $PWD/.build/icd/intel.icd"
fi
