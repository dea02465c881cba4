# shellcheck shell=bash
# bash completion for shunt(1) and shuntd(8).
#
# Commands and options are what `help` prints, so they cannot fall behind; names and endpoints are what the daemon says. Silent
# when there is none.

# _shunt_options PROGRAM [help COMMAND]: each option as "--name" or "--name VALUE", short ones likewise.
_shunt_options() {
	local line option
	"$@" 2>/dev/null | while IFS= read -r line; do
		[[ $line =~ ^\ \ (-.*) ]] || continue
		line=${BASH_REMATCH[1]%%  *} # without its description
		[[ $line =~ ^((-.,\ )?)(--[a-z-]+)(\ ([A-Z=]+))?$ ]] || continue
		option="${BASH_REMATCH[3]} ${BASH_REMATCH[5]}"
		echo "$option"
		[[ ${BASH_REMATCH[2]} ]] && echo "${BASH_REMATCH[2]%, } ${BASH_REMATCH[5]}"
	done
}

# What follows the command in its usage line, options left out: "NAME ENDPOINT".
_shunt_operands() {
	local line
	IFS= read -r line < <("$1" help "$2" 2>/dev/null)
	[[ $line == "Usage: shunt $2"* ]] || return
	line=${line#"Usage: shunt $2"}
	while [[ $line =~ ^(.*)\[-[^]]*\](.*)$ ]]; do line="${BASH_REMATCH[1]}${BASH_REMATCH[2]}"; done
	line=${line//[}
	echo "${line//]}"
}

# The daemon's status as `shunt` lays it out; it may be stopped, which must not hold up a prompt.
_shunt_status() {
	timeout 2 "$1" ${control:+--control "$control"} status "${@:2}" --json 2>/dev/null
}

_shunt_names() {
	_shunt_status "$1" | sed -n '
		s/^      "name": "\(.*\)",$/\1/p
		/^      "aliases": \[$/,/^      \]/ s/^        "\(.*\)",\{0,1\}$/\1/p'
}

_shunt_endpoints() {
	_shunt_status "$1" "$2" | sed -n 's/^          "id": "\(.*\)",$/\1/p'
}

# What may stand for VALUE of an option, or for an operand.
_shunt_value() {
	case $2 in
	FILE | PATH) compopt -o filenames 2>/dev/null && compgen -f -- "$cur" ;;
	NAME) compgen -W "$(_shunt_names "$1")" -- "$cur" ;;
	ENDPOINT) compgen -W "$(_shunt_endpoints "$1" "$3")" -- "$cur" ;;
	PID) compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur" ;;
	SHARE) compgen -W '1% 10% 25% 50% 100%' -- "$cur" ;;
	DURATION) compgen -W '5m 30m 2h 24h' -- "$cur" ;;
	COMMAND) compgen -W "$(_shunt_commands "$1")" -- "$cur" ;;
	esac
}

_shunt_commands() {
	"$1" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p'
}

# NAME=ENDPOINT: '=' parts words where COMP_WORDBREAKS has it. `cur` is what stands behind it, then.
_shunt_force() {
	local name=${1%%=*}
	if [[ $1 != *=* ]]; then
		compopt -o nospace 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -S = -W "$(_shunt_names "$program")" -- "$cur")
		return
	fi
	cur=${1#*=}
	mapfile -t COMPREPLY < <(compgen -W "$(_shunt_endpoints "$program" "$name")" -- "$cur")
	[[ $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/$name=}")
}

# Joins what '=' parted: words, and cword, the one under the cursor.
_shunt_words() {
	local i
	words=() cword=0
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if [[ $i -gt 1 && (${COMP_WORDS[i]} == = || ${COMP_WORDS[i - 1]} == =) ]]; then
			words[-1]+=${COMP_WORDS[i]}
		else
			words+=("${COMP_WORDS[i]}")
		fi
	done
	cword=$((${#words[@]} - 1))
}

# What the option before the cursor takes; empty: it is none that takes a value.
_shunt_takes() {
	local option
	for option in "${options[@]}"; do
		[[ ${option%% *} == "$1" ]] && echo "${option#* }" && return
	done
}

_shunt() {
	local program=$1 cur=${COMP_WORDS[COMP_CWORD]} command='' control='' takes i
	local words cword options operands=() wanted=()
	local IFS=$' \t\n'

	COMPREPLY=()
	_shunt_words
	mapfile -t options < <(_shunt_options "$program" help)
	options+=('--control PATH')
	for ((i = 1; i < cword; i++)); do
		takes=$(_shunt_takes "${words[i]}")
		[[ ${words[i]} == --control && $((i + 1)) -lt cword ]] && control=${words[i + 1]}
		[[ ${words[i]} == --control=* ]] && control=${words[i]#*=}
		if [[ $takes ]]; then
			((i++))
		elif [[ $command == run && ${words[i]} != -* ]]; then
			_shunt_other "$i"
			return
		elif [[ $command && ${words[i]} != -* ]]; then
			operands+=("${words[i]}")
		elif [[ ! $command && ${words[i]} != -* ]]; then
			command=${words[i]}
			mapfile -t options < <(_shunt_options "$program" help "$command")
			options+=('--help ' '-h ')
		fi
	done

	takes=$(_shunt_takes "${words[cword - 1]}")
	[[ $cword -gt 1 ]] || takes=''
	if [[ $takes == NAME=ENDPOINT ]]; then
		_shunt_force "${words[cword]}"
	elif [[ $takes ]]; then
		mapfile -t COMPREPLY < <(_shunt_value "$program" "$takes")
		[[ $takes == FILE || $takes == PATH ]] && compopt -o filenames 2>/dev/null
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[*]%% *}" -- "$cur")
	elif [[ ! $command ]]; then
		mapfile -t COMPREPLY < <(_shunt_value "$program" COMMAND)
	elif [[ $command == run ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		read -ra wanted < <(_shunt_operands "$program" "$command")
		mapfile -t COMPREPLY < <(_shunt_value "$program" "${wanted[${#operands[@]}]}" "${operands[0]}")
	fi
}

# `shunt run … COMMAND`: from there on it is COMMAND's line.
_shunt_other() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	else
		compopt -o default 2>/dev/null
	fi
}

_shuntd() {
	local cur=${COMP_WORDS[COMP_CWORD]} options takes
	local IFS=$' \t\n'

	COMPREPLY=()
	mapfile -t options < <(_shunt_options "$1" --help)
	takes=$(_shunt_takes "${COMP_WORDS[COMP_CWORD - 1]}")
	if [[ $takes ]]; then
		mapfile -t COMPREPLY < <(_shunt_value "$1" "$takes")
		compopt -o filenames 2>/dev/null
	else
		mapfile -t COMPREPLY < <(compgen -W "${options[*]%% *}" -- "$cur")
	fi
}

complete -F _shunt shunt
complete -F _shuntd shuntd
