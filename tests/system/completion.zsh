# SPDX-License-Identifier: GPL-2.0-or-later
# completion.zsh TOP VNETCTL SOCKET - what Tab makes of words in an interactive zsh, one line a case.
zmodload zsh/zpty
zpty shell "PATH=${2:h}:\$PATH VNET_SOCKET=$3 TERM=dumb zsh -f -i"
zpty -w shell "PS1=; fpath=($1/tools/completion \$fpath); autoload -U compinit; compinit -u -D; echo rea''dy"
zpty -r -m shell text '*ready*'
for typed in 'lab ch' 'net add n mode=int' 'net show tab'; do
	zpty -n -w shell "vnetctl ${typed}"$'\t'
	zpty -r -m shell text "*(check|internal|tabbed)*" && print -r -- "${text//[^a-z= ]/}"
	zpty -n -w shell $'\x15'
done
zpty -d shell
