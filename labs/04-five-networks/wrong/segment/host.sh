# A cable between the two networks: off reaches the vault, and so does the bench.
vnetctl port add $LAB.bench $LAB.patch.a patch=$LAB.patch.b
vnetctl port add $LAB.office $LAB.patch.b patch=$LAB.patch.a
