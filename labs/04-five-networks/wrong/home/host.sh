# Into the wrong place again.
vnetctl port move $LAB.vault.eth0 $LAB.admin
