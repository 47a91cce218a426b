# lab: RADIOS=0
# A box without a radio serves its cable side, and says what is missing.
# shellcheck source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
if [ "${RADIOS:-1}" != 0 ]; then
    echo "  skipped: this needs RADIOS=0 lab/lab tests/scenarios/radio-none.sh"
    exit 0
fi
check "the portal answers by cable" within 120 portal_up
check "the box says that it has no radio" within 30 radio_is state no-radio
same "with the light's code" "2 no-radio" "$(fact led)"
finish
