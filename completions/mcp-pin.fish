# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mcp_pin_global_optspecs
    string join \n global locked offline trusted-root= format= color= q/quiet v/verbose y/yes h/help V/version
end

function __fish_mcp_pin_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mcp_pin_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mcp_pin_using_subcommand
    set -l cmd (__fish_mcp_pin_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -s V -l version -d 'Print version'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "install" -d 'Add servers; without any, make this machine match the lock'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "update" -d 'Find newer versions, show what they change, ask, rewrite the lock'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "outdated" -d 'List which servers have something newer, and what holds it back'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "diff" -d 'Show what another version changes, without taking it: the update report for any two versions'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "import" -d 'List the servers that your AI clients start, and pin them'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "run" -d 'Start a locked server for a client: approved bytes, and nothing but the approved surface'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "verify" -d 'Prove that nothing moved: lock, archives, installed files, what the server tells the model'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "approve" -d 'Review drift that `verify` recorded, and accept it'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "list" -d 'List the servers of this scope'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "show" -d 'Show everything the lock says about one server'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "rollback" -d 'Go back to what you approved before the present version; once more goes further back'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "why" -d 'Show how a package came into a server\'s closure'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "wrap" -d 'Make clients start `mcp-pin run` where they start a pinned server by themselves'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "unwrap" -d 'Put clients\' files back as they were before `wrap`'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "remove" -d 'Take servers out of the manifest and the lock'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "prune" -d 'Free what no lockfile that this machine knows needs any more'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "log" -d 'Show what happened: installs, approvals, drift, alerts'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "report" -d 'Write a page about the servers of this scope: levels, ages, versions, drift'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "alert" -d 'Show the channels of alerts and what waits for them, or send a test to each'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "login" -d 'Log in at a remote server, in the browser'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "logout" -d 'Forget the login at a remote server'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "doctor" -d 'Look whether this machine is fit: runtimes, sandbox, store, desktop, schedule; and what mends it'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "schedule" -d 'Have the servers verified by themselves, and be told: enable, disable, status'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "trust" -d 'Show what signatures are proved against, fetch it anew, prove one file by hand'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "explain" -d 'Say what a finding\'s code means'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "completions" -d 'Write a completion script for a shell to standard output'
complete -c mcp-pin -n "__fish_mcp_pin_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l name -d 'The entry\'s name (needed for a local command)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l arg -d 'An argument that the server is started with (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l env -d 'The name of a variable that the server gets from its client (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l bin -d 'Which of the package\'s programs to start, where it has several (of a Python package: the console script\'s name)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l header -d 'Of a remote server: a header that is sent with every request, as `NAME: VALUE`; `${VARIABLE}` in the value stands for a variable of the client (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l transport -d 'Of a remote server: how it is spoken to' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l tls-key -d 'Of a remote server: the SHA-256 of its certificate\'s public key, `sha256:HEX`' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l accept -d 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l network -d 'Let the probe use the network, for servers whose lists need it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l private -d 'Of a remote server: its host may be in a private network'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l no-probe -d 'Do not start the server: install or check without its surface'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l probe-unsandboxed -d 'Start the server without a sandbox where this machine offers none'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l accept -d 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l dry-run -d 'Show the report and change nothing; starts nothing'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l no-probe -d 'Do not start the server: install or check without its surface'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l probe-unsandboxed -d 'Start the server without a sandbox where this machine offers none'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand outdated" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l base -d 'Compare the lock and the manifest with those of this git revision, all servers of them: what a pull request changes. Starts nothing' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l code -d 'Show what changed in the code'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l surface -d 'Show what changed of what the server tells the model'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l closure -d 'Show what changed in the packages it is made of'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l as -d 'What the one server that is named is called in the lock' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l accept -d 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l all -d 'Pin every server that can be pinned'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l acknowledge -d 'Agree to what clients\' files say now, without pinning it: `verify` reports what changes after that'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l no-probe -d 'Do not start the server: install or check without its surface'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l probe-unsandboxed -d 'Start the server without a sandbox where this machine offers none'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l lock -d 'A project\'s mcp-pin.lock by its absolute path, instead of your own. No folder is searched' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l trace -d 'Write the frames to this file, for debugging; secrets are redacted' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l full -d 'Read every installed file before the start, also where none seems to have changed'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l scheduled -d 'The schedule of this name makes this run: it is recorded, and says nothing where there is nothing to say' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l no-probe -d 'Do not start the server: install or check without its surface'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l probe-unsandboxed -d 'Start the server without a sandbox where this machine offers none'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l notify -d 'Tell of what is news: on the desktop, or over the channels of [alerts]'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l no-clients -d 'Leave out the configuration files of AI clients'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l check-updates -d 'Also look for newer versions; nothing of them is fetched or started'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l accept -d 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l closure -d 'Also list every package of the closure'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l accept -d 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l dry-run -d 'Show what it would change, and change nothing'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l build-unsandboxed -d 'Build a package, where you permitted that, without a sandbox where this machine offers none'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l server -d 'Look into this server\'s closure only' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l client -d 'Only entries of this client, for example `cursor` (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l all -d 'Every entry'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l project -d 'Also change files of the project, which others use too: paths of this machine are written into them'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l dry-run -d 'Show what it would change, and change nothing'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand wrap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l client -d 'Only entries of this client, for example `cursor` (may be repeated)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l all -d 'Every entry'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l dry-run -d 'Show what it would change, and change nothing'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand unwrap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l dry-run -d 'Show what would go, and keep it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l server -d 'The same, for a server that is called like one of the commands above' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l since -d 'Only since then: a date (2026-11-01, UTC), an instant, or how long ago (30m, 12h, 7d, 2w)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l grade -d 'Only what is graded so or worse' -r -f -a "info\t''
notice\t''
warning\t''
critical\t''"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l kind -d 'Only these kinds (may be repeated): install, update, approve, revoke, drift, refusal, alert...' -r -f -a "install\t''
update\t''
verify\t''
approve\t''
drift\t''
run\t''
refusal\t''
alert\t''
remove\t''
rollback\t''
revoke\t''
login\t''
schedule\t''
prune\t''
break\t''"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -s n -l limit -d 'Only the last so many; 0 for all' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l lines -d 'Write JSON, one object a line'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -a "verify" -d 'Check that no row was edited, removed, moved or put in, and that each approval has its row'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -a "head" -d 'Print the number and hash of the last row, to be noted on another machine'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -a "prune" -d 'Remove old rows: shows the plan, and does nothing without --execute'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and not __fish_seen_subcommand_from verify head prune help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l expect -d 'A head that was noted elsewhere, as `mcp-pin log head` printed it: it must stand in the log' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l accept-break -d 'Go on with a log that is broken, exactly as it is now: asks, or takes the fingerprint of what is wrong. A row of the log says so, each later check repeats it, and approvals in doubt are taken back' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l keep -d 'Note it anew beside the database, whatever is noted there: after restoring a backup'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from head" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l older-than -d 'Rows older than this go: a date (2026-11-01, UTC), an instant, or an age (12h, 90d, 52w)' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l execute -d 'Do it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check that no row was edited, removed, moved or put in, and that each approval has its row'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "head" -d 'Print the number and hash of the last row, to be noted on another machine'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Remove old rows: shows the plan, and does nothing without --execute'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l html -d 'Write a page of HTML, without scripts and without anything to load; `-` for standard output' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -f -a "status" -d 'List the channels, when each last took something, and what waits for it and why'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -f -a "test" -d 'Send a message that says that it is a test to each channel; 2 where one did not take it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and not __fish_seen_subcommand_from status test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "status" -d 'List the channels, when each last took something, and what waits for it and why'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a message that says that it is a test to each channel; 2 where one did not take it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand alert; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l client-id -d 'The id of a client that you registered there by hand' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l client-secret-env -d 'The variable that holds that client\'s secret' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l redirect-port -d 'The port of the redirect address (`http://127.0.0.1:PORT/callback`), where it was registered with one' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l no-browser -d 'Print the address instead of opening it in a browser'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -f -a "enable" -d 'Verify this scope\'s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -f -a "disable" -d 'Take away what `enable` wrote'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -f -a "status" -d 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and not __fish_seen_subcommand_from enable disable status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l every -d 'How often: minutes that divide an hour, hours that divide a day, up to 6 days, or `1w`' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l backend -d 'What keeps the schedule; the machine\'s own choice without' -r -f -a "systemd\t''
launchd\t''
cron\t''"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l check-updates -d 'Also look for newer versions; nothing of them is fetched or started'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Verify this scope\'s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Take away what `enable` wrote'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand schedule; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -f -a "show" -d 'Show the trust root and the registry keys in force, and where they come from'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -f -a "refresh" -d 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -f -a "check" -d 'Prove one downloaded file: who signed it, checked against the trust root in force'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and not __fish_seen_subcommand_from show refresh check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l attestations -d 'A document about it: a Sigstore bundle, an npm attestation reply or a PEP 740 provenance object (may be repeated; each must hold). Without one, the registry is asked' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l name -d 'The npm package it must be, instead of the name in the archive' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l version -d 'The version it must be, instead of the one in the archive' -r
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l key -d 'The public key (PEM) that signed, where no certificate did' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the trust root and the registry keys in force, and where they come from'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "refresh" -d 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "check" -d 'Prove one downloaded file: who signed it, checked against the trust root in force'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l trusted-root -d 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says' -r -F
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l format -d 'How results are written to standard output' -r -f -a "plain\t'For people'
json\t'For programs: versioned, described by schema/report.schema.json'
sarif\t'SARIF 2.1.0, for code scanning; of commands that make a report'
markdown\t'For a comment on a pull request; of commands that make a report'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l global -d 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project\'s'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l locked -d 'Fail rather than change the lockfile'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -l offline -d 'Do not use the network; what needs it could not be decided'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -s q -l quiet -d 'Say less on standard error'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -s v -l verbose -d 'Say more: also `info` findings'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -s y -l yes -d 'Approve without asking what is graded `notice` or lower'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "install" -d 'Add servers; without any, make this machine match the lock'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "update" -d 'Find newer versions, show what they change, ask, rewrite the lock'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "outdated" -d 'List which servers have something newer, and what holds it back'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "diff" -d 'Show what another version changes, without taking it: the update report for any two versions'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "import" -d 'List the servers that your AI clients start, and pin them'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "run" -d 'Start a locked server for a client: approved bytes, and nothing but the approved surface'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "verify" -d 'Prove that nothing moved: lock, archives, installed files, what the server tells the model'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "approve" -d 'Review drift that `verify` recorded, and accept it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "list" -d 'List the servers of this scope'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "show" -d 'Show everything the lock says about one server'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "rollback" -d 'Go back to what you approved before the present version; once more goes further back'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "why" -d 'Show how a package came into a server\'s closure'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "wrap" -d 'Make clients start `mcp-pin run` where they start a pinned server by themselves'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "unwrap" -d 'Put clients\' files back as they were before `wrap`'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "remove" -d 'Take servers out of the manifest and the lock'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "prune" -d 'Free what no lockfile that this machine knows needs any more'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "log" -d 'Show what happened: installs, approvals, drift, alerts'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "report" -d 'Write a page about the servers of this scope: levels, ages, versions, drift'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "alert" -d 'Show the channels of alerts and what waits for them, or send a test to each'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "login" -d 'Log in at a remote server, in the browser'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "logout" -d 'Forget the login at a remote server'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "doctor" -d 'Look whether this machine is fit: runtimes, sandbox, store, desktop, schedule; and what mends it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "schedule" -d 'Have the servers verified by themselves, and be told: enable, disable, status'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "trust" -d 'Show what signatures are proved against, fetch it anew, prove one file by hand'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "explain" -d 'Say what a finding\'s code means'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "completions" -d 'Write a completion script for a shell to standard output'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and not __fish_seen_subcommand_from install update outdated diff import run verify approve list show rollback why wrap unwrap remove prune log report alert login logout doctor schedule trust explain completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "verify" -d 'Check that no row was edited, removed, moved or put in, and that each approval has its row'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "head" -d 'Print the number and hash of the last row, to be noted on another machine'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "prune" -d 'Remove old rows: shows the plan, and does nothing without --execute'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "status" -d 'List the channels, when each last took something, and what waits for it and why'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from alert" -f -a "test" -d 'Send a message that says that it is a test to each channel; 2 where one did not take it'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "enable" -d 'Verify this scope\'s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "disable" -d 'Take away what `enable` wrote'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from schedule" -f -a "status" -d 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "show" -d 'Show the trust root and the registry keys in force, and where they come from'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "refresh" -d 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards'
complete -c mcp-pin -n "__fish_mcp_pin_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "check" -d 'Prove one downloaded file: who signed it, checked against the trust root in force'
