printf '%s\n' 'server {net.254}' 'lease {lease}' >/root/told
