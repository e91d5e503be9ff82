# Deaf is quiet, too.
vnetctl port down $LAB.pc4.eth0
