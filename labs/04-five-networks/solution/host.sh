vnetctl port move $LAB.vault.eth0 $LAB.office
