# What a handler reads and answers, for scripts of sh; docs/handlers.md has the whole contract.
#
#   #!/bin/sh
#   . /srv/mail/lib/martlet.sh
#   martlet_read                                    # the mail, from standard input
#   subject=$(martlet_field Subject)
#   martlet_reply "We have it." "Re: $subject"      # text and subject; that may be left out
#   martlet_tag queue orders                        # name and value
#   martlet_answer                                  # or martlet_answer STOP_RULE
#
# And martlet_forward ADDRESS…, martlet_add_header NAME VALUE, martlet_remove_header NAME,
# martlet_notify TOPIC, martlet_stop. They are done in the order in which they are asked for.
# What a sender wrote may stand in every "$text" that is quoted: it is made fit for its place, and
# sent as it is, ${ too. jq reads what MARTLET_EVENT_FILE holds.

martlet_actions=

# Keeps the mail: $martlet_mail is the path of its file.
martlet_read() {
    martlet_mail=$HOME/mail.eml
    cat > "$martlet_mail"
}

# The first header field of a name, on one line, as it was written: encoded words stay.
martlet_field() {
    LC_ALL=C awk -v name="$1:" '
        { sub(/\r$/, "") }
        /^$/ { exit }
        found { if (!/^[ \t]/) exit; value = value $0 }
        !found && tolower(substr($0, 1, length(name))) == tolower(name) {
            found = 1
            value = substr($0, length(name) + 1)
        }
        END { sub(/^[ \t]+/, "", value); print value }' "$martlet_mail"
}

# Standard input as a text of JSON: escaped, and without what is no UTF-8.
martlet_json() {
    iconv -c -f UTF-8 -t UTF-8 2> /dev/null | awk '
        BEGIN { printf "\"" }
        { gsub(/\\/, "\\\\&"); gsub(/"/, "\\\\&"); gsub(/\t/, "\\t") }
        { printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }
        END { printf "\"" }'
}

martlet_text() { printf '%s\n' "$1" | tr -d '\000-\010\013-\037\177' | head -c 20000 | martlet_json; }
martlet_line() { printf '%s' "$1" | tr '\000-\037\177' ' ' | head -c 200 | martlet_json; }
martlet_header() { printf '%s' "$1" | tr -c '\040-\176' '?' | head -c 2000 | martlet_json; }
martlet_word() { printf '%s' "${1:-_}" | tr -c 'A-Za-z0-9_.@+=-' _ | head -c 255 | martlet_json; }

# The name of an action and what stands behind it, in JSON.
martlet_ask() {
    martlet_actions="$martlet_actions${martlet_actions:+, }{\"$1\": {$2}}"
}

martlet_reply() {
    martlet_ask reply "\"text\": $(martlet_text "$1")${2:+, \"subject\": $(martlet_line "$2")}"
}
martlet_forward() {
    martlet_to=
    for martlet_one; do
        martlet_to="$martlet_to${martlet_to:+, }$(martlet_line "$martlet_one")"
    done
    martlet_ask forward "\"to\": [$martlet_to]"
}
martlet_tag() { martlet_ask tag "\"name\": \"$1\", \"value\": $(martlet_word "$2")"; }
martlet_add_header() { martlet_ask addHeader "\"name\": \"$1\", \"value\": $(martlet_header "$2")"; }
martlet_remove_header() { martlet_ask removeHeader "\"name\": \"$1\""; }
martlet_notify() { martlet_ask notify "\"topic\": \"$1\""; }
martlet_stop() { martlet_ask stop; }

martlet_answer() {
    printf '{"disposition": "%s", "actions": [%s]}\n' "${1:-CONTINUE}" "$martlet_actions"
}
