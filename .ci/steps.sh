# Steps: run one, count it, sum them up. $temp is a folder of whoever sources this.

passed=0
failed=0
report=()
declare -A outcome
# The end of what each step printed that failed.
ends=()

# A step that returns this was skipped; it has printed why.
readonly skipped=77

# step <name> <command...>
step() {
  local name=$1 began=$SECONDS rc verdict
  shift
  printf '\n=== %s\n' "$name"
  # Not a pipe: some steps set variables for those that follow. The braces have this shell start tee, which it then can wait for.
  { "$@"; } > >(tee "$temp/printed") 2>&1
  rc=$?
  wait $!
  case $rc in
    0) verdict=passed; passed=$((passed + 1)) ;;
    "$skipped") verdict=skipped ;;
    *)
      verdict=FAILED
      failed=$((failed + 1))
      ends+=("$(printf -- '--- %s, exit code %d, printed at its end:\n' "$name" "$rc"; tail -n 25 "$temp/printed")")
      ;;
  esac
  outcome[$name]=$verdict
  report+=("$(printf '%-8s %4d s  %s' "$verdict" $((SECONDS - began)) "$name")")
  printf -- '--- %s: %s in %d s\n' "$name" "$verdict" $((SECONDS - began))
}

# after <step> <command...>: where the step was skipped this is skipped too; where it failed the command says how.
after() {
  local needed=$1
  shift
  if [ "${outcome[$needed]}" = skipped ]; then
    echo "skipped: so was '$needed'"
    return "$skipped"
  fi
  "$@"
}

# missing <why>: a failure in CI, where all has to be there; a skip elsewhere.
missing() {
  echo "missing: $1"
  [ "${CI:-}" = true ] && return 1
  return "$skipped"
}

summary() {
  printf '\n=== summary, %d s\n' "$SECONDS"
  printf '%s\n' "${report[@]}"
  [ "$failed" -eq 0 ] || printf '%s\n' "${ends[@]}"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
