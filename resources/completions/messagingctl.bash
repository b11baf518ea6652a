# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of messagingctl for bash.
_messagingctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local commands='status sessions queues connections nodes destinations flow log close purge peek audit describe raw'
    local options='--socket --tls --ca --token-file --certificate --key --json --watch --filter --sort --columns --limit --payload --level --pattern --reason --op --help --version'
    case $previous in
        --socket|--ca|--token-file|--certificate|--key) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --level) mapfile -t COMPREPLY < <(compgen -W 'debug info warning error' -- "$current"); return ;;
        --tls|--filter|--sort|--columns|--limit|--pattern|--reason|--op) COMPREPLY=(); return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    fi
}
complete -F _messagingctl messagingctl
