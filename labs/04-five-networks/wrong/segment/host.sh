# A cable between the two networks: off reaches the vault, and so does the bench.
vnetctl patch add $LAB.bench $LAB.office
