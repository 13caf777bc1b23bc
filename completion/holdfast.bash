# SPDX-License-Identifier: Apache-2.0
# Completion of `holdfast` for bash: source <(holdfast completion bash)

# Names that somebody holds or waits for in a lockspace, as the daemon tells them; none if it does not answer.
_holdfast_names() {
  holdfast "${@:2}" ls --json --lockspace "$1" 2>/dev/null | sed -n 's/^      "name": "\(.*\)",$/\1/p' | sort -u
}

_holdfast() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local verbs="run lock value ls show history why monitor self status top lockspaces deadlocks cluster view node move release orphans up restart down demo sim check bench completion"
  local common="--socket --dir --node --json --escaped --help"
  local verb="" at chosen=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      --socket | --dir | --node) chosen+=("${COMP_WORDS[at]}" "${COMP_WORDS[at + 1]:-}"); ((at++)) ;;
      -*) ;;
      *) verb=${COMP_WORDS[at]}; break ;;
    esac
  done

  local space=default
  for ((at = 1; at < COMP_CWORD - 1; at++)); do
    [[ ${COMP_WORDS[at]} != --lockspace ]] || space=${COMP_WORDS[at + 1]}
  done

  case $before in
    --mode | -m) COMPREPLY=($(compgen -W "NL CR CW PR PW EX" -- "$word")); return ;;
    --mastering) COMPREPLY=($(compgen -W "first home" -- "$word")); return ;;
    --socket | --fence-hook) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --policy) COMPREPLY=($(compgen -W "report notify release" -- "$word")); return ;;
    --evidence) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
    --) COMPREPLY=($(compgen -c -- "$word")); return ;;
  esac

  local options=$common names=""
  case $verb in
    "") options="$common --version"; names=$verbs ;;
    run | lock) options+=" --mode --wait --no-wait --lockspace --label" ;;
    value) options+=" --set --set-escaped --wait --no-wait --lockspace" ;;
    ls) options+=" --lockspace" ;;
    show | why) options+=" --lockspace" ;;
    top) options+=" --once --every --rows" ;;
    cluster) options+=" --nodes --name --tie-breaker --device --lease --token --port --force"; names="init" ;;
    view) options+=" --epoch --member --votes --tie-breaker --device-votes --device-timeout --without-quorum"; names="set" ;;
    node) options+=" --incarnation"; names="fence-ack" ;;
    move) options+=" --to --lockspace" ;;
    monitor) options+=" --every --persistent --longer-than --policy --exec --yes --reason --grace --evidence" ;;
    release) options+=" --yes --reason --grace --evidence" ;;
    self) options+=" --pid" ;;
    orphans) options+=" --adopt --purge --at --pid --lockspace" ;;
    up) options+=" --nodes --lease --mastering --moves-per-second --fence-hook --fence-hook-timeout --detach --restart --attach" ;;
    demo) options+=" --no-lock --rounds --lease --seed --keep" ;;
    check) options="--json --wait-max --notice-max --help" ;;
    completion) names="bash" ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case $verb in
    run | lock | value | show | why | move) names=$(_holdfast_names "$space" "${chosen[@]}") ;;
  esac
  COMPREPLY=($(compgen -W "$names" -- "$word"))
}

complete -o default -F _holdfast holdfast
