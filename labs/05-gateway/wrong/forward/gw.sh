# Forgot to forward.
nft -f - <<'END'
table ip nat {
	chain out {
		type nat hook postrouting priority srcnat
		oifname "eth1" masquerade
	}
}
END
