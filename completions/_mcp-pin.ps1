
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'mcp-pin' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'mcp-pin'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'mcp-pin' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Add servers; without any, make this machine match the lock')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Find newer versions, show what they change, ask, rewrite the lock')
            [CompletionResult]::new('outdated', 'outdated', [CompletionResultType]::ParameterValue, 'List which servers have something newer, and what holds it back')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what another version changes, without taking it: the update report for any two versions')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'List the servers that your AI clients start, and pin them')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Start a locked server for a client: approved bytes, and nothing but the approved surface')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Prove that nothing moved: lock, archives, installed files, what the server tells the model')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Review drift that `verify` recorded, and accept it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the servers of this scope')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show everything the lock says about one server')
            [CompletionResult]::new('rollback', 'rollback', [CompletionResultType]::ParameterValue, 'Go back to what you approved before the present version; once more goes further back')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Show how a package came into a server''s closure')
            [CompletionResult]::new('wrap', 'wrap', [CompletionResultType]::ParameterValue, 'Make clients start `mcp-pin run` where they start a pinned server by themselves')
            [CompletionResult]::new('unwrap', 'unwrap', [CompletionResultType]::ParameterValue, 'Put clients'' files back as they were before `wrap`')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take servers out of the manifest and the lock')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Free what no lockfile that this machine knows needs any more')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what happened: installs, approvals, drift, alerts')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Write a page about the servers of this scope: levels, ages, versions, drift')
            [CompletionResult]::new('alert', 'alert', [CompletionResultType]::ParameterValue, 'Show the channels of alerts and what waits for them, or send a test to each')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Log in at a remote server, in the browser')
            [CompletionResult]::new('logout', 'logout', [CompletionResultType]::ParameterValue, 'Forget the login at a remote server')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look whether this machine is fit: runtimes, sandbox, store, desktop, schedule; and what mends it')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Have the servers verified by themselves, and be told: enable, disable, status')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Show what signatures are proved against, fetch it anew, prove one file by hand')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a finding''s code means')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write a completion script for a shell to standard output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;install' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The entry''s name (needed for a local command)')
            [CompletionResult]::new('--arg', '--arg', [CompletionResultType]::ParameterName, 'An argument that the server is started with (may be repeated)')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'The name of a variable that the server gets from its client (may be repeated)')
            [CompletionResult]::new('--bin', '--bin', [CompletionResultType]::ParameterName, 'Which of the package''s programs to start, where it has several (of a Python package: the console script''s name)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Of a remote server: a header that is sent with every request, as `NAME: VALUE`; `${VARIABLE}` in the value stands for a variable of the client (may be repeated)')
            [CompletionResult]::new('--transport', '--transport', [CompletionResultType]::ParameterName, 'Of a remote server: how it is spoken to')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Of a remote server: the SHA-256 of its certificate''s public key, `sha256:HEX`')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--network', '--network', [CompletionResultType]::ParameterName, 'Let the probe use the network, for servers whose lists need it')
            [CompletionResult]::new('--private', '--private', [CompletionResultType]::ParameterName, 'Of a remote server: its host may be in a private network')
            [CompletionResult]::new('--no-probe', '--no-probe', [CompletionResultType]::ParameterName, 'Do not start the server: install or check without its surface')
            [CompletionResult]::new('--probe-unsandboxed', '--probe-unsandboxed', [CompletionResultType]::ParameterName, 'Start the server without a sandbox where this machine offers none')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;update' {
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the report and change nothing; starts nothing')
            [CompletionResult]::new('--no-probe', '--no-probe', [CompletionResultType]::ParameterName, 'Do not start the server: install or check without its surface')
            [CompletionResult]::new('--probe-unsandboxed', '--probe-unsandboxed', [CompletionResultType]::ParameterName, 'Start the server without a sandbox where this machine offers none')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;outdated' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;diff' {
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Compare the lock and the manifest with those of this git revision, all servers of them: what a pull request changes. Starts nothing')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--code', '--code', [CompletionResultType]::ParameterName, 'Show what changed in the code')
            [CompletionResult]::new('--surface', '--surface', [CompletionResultType]::ParameterName, 'Show what changed of what the server tells the model')
            [CompletionResult]::new('--closure', '--closure', [CompletionResultType]::ParameterName, 'Show what changed in the packages it is made of')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;import' {
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'What the one server that is named is called in the lock')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Pin every server that can be pinned')
            [CompletionResult]::new('--acknowledge', '--acknowledge', [CompletionResultType]::ParameterName, 'Agree to what clients'' files say now, without pinning it: `verify` reports what changes after that')
            [CompletionResult]::new('--no-probe', '--no-probe', [CompletionResultType]::ParameterName, 'Do not start the server: install or check without its surface')
            [CompletionResult]::new('--probe-unsandboxed', '--probe-unsandboxed', [CompletionResultType]::ParameterName, 'Start the server without a sandbox where this machine offers none')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;run' {
            [CompletionResult]::new('--lock', '--lock', [CompletionResultType]::ParameterName, 'A project''s mcp-pin.lock by its absolute path, instead of your own. No folder is searched')
            [CompletionResult]::new('--trace', '--trace', [CompletionResultType]::ParameterName, 'Write the frames to this file, for debugging; secrets are redacted')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--full', '--full', [CompletionResultType]::ParameterName, 'Read every installed file before the start, also where none seems to have changed')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;verify' {
            [CompletionResult]::new('--scheduled', '--scheduled', [CompletionResultType]::ParameterName, 'The schedule of this name makes this run: it is recorded, and says nothing where there is nothing to say')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-probe', '--no-probe', [CompletionResultType]::ParameterName, 'Do not start the server: install or check without its surface')
            [CompletionResult]::new('--probe-unsandboxed', '--probe-unsandboxed', [CompletionResultType]::ParameterName, 'Start the server without a sandbox where this machine offers none')
            [CompletionResult]::new('--notify', '--notify', [CompletionResultType]::ParameterName, 'Tell of what is news: on the desktop, or over the channels of [alerts]')
            [CompletionResult]::new('--no-clients', '--no-clients', [CompletionResultType]::ParameterName, 'Leave out the configuration files of AI clients')
            [CompletionResult]::new('--check-updates', '--check-updates', [CompletionResultType]::ParameterName, 'Also look for newer versions; nothing of them is fetched or started')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;approve' {
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;list' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;show' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--closure', '--closure', [CompletionResultType]::ParameterName, 'Also list every package of the closure')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;rollback' {
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Accept exactly the finding, or the whole report, with this fingerprint (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what it would change, and change nothing')
            [CompletionResult]::new('--build-unsandboxed', '--build-unsandboxed', [CompletionResultType]::ParameterName, 'Build a package, where you permitted that, without a sandbox where this machine offers none')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;why' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Look into this server''s closure only')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;wrap' {
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'Only entries of this client, for example `cursor` (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every entry')
            [CompletionResult]::new('--project', '--project', [CompletionResultType]::ParameterName, 'Also change files of the project, which others use too: paths of this machine are written into them')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what it would change, and change nothing')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;unwrap' {
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'Only entries of this client, for example `cursor` (may be repeated)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Every entry')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what it would change, and change nothing')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;remove' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;prune' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would go, and keep it')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;log' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'The same, for a server that is called like one of the commands above')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only since then: a date (2026-11-01, UTC), an instant, or how long ago (30m, 12h, 7d, 2w)')
            [CompletionResult]::new('--grade', '--grade', [CompletionResultType]::ParameterName, 'Only what is graded so or worse')
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'Only these kinds (may be repeated): install, update, approve, revoke, drift, refusal, alert...')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only the last so many; 0 for all')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Only the last so many; 0 for all')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Write JSON, one object a line')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that no row was edited, removed, moved or put in, and that each approval has its row')
            [CompletionResult]::new('head', 'head', [CompletionResultType]::ParameterValue, 'Print the number and hash of the last row, to be noted on another machine')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove old rows: shows the plan, and does nothing without --execute')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;log;verify' {
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'A head that was noted elsewhere, as `mcp-pin log head` printed it: it must stand in the log')
            [CompletionResult]::new('--accept-break', '--accept-break', [CompletionResultType]::ParameterName, 'Go on with a log that is broken, exactly as it is now: asks, or takes the fingerprint of what is wrong. A row of the log says so, each later check repeats it, and approvals in doubt are taken back')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;log;head' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Note it anew beside the database, whatever is noted there: after restoring a backup')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;log;prune' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Rows older than this go: a date (2026-11-01, UTC), an instant, or an age (12h, 90d, 52w)')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Do it')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;log;help' {
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that no row was edited, removed, moved or put in, and that each approval has its row')
            [CompletionResult]::new('head', 'head', [CompletionResultType]::ParameterValue, 'Print the number and hash of the last row, to be noted on another machine')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove old rows: shows the plan, and does nothing without --execute')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;log;help;verify' {
            break
        }
        'mcp-pin;log;help;head' {
            break
        }
        'mcp-pin;log;help;prune' {
            break
        }
        'mcp-pin;log;help;help' {
            break
        }
        'mcp-pin;report' {
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write a page of HTML, without scripts and without anything to load; `-` for standard output')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;alert' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the channels, when each last took something, and what waits for it and why')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send a message that says that it is a test to each channel; 2 where one did not take it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;alert;status' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;alert;test' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;alert;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the channels, when each last took something, and what waits for it and why')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send a message that says that it is a test to each channel; 2 where one did not take it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;alert;help;status' {
            break
        }
        'mcp-pin;alert;help;test' {
            break
        }
        'mcp-pin;alert;help;help' {
            break
        }
        'mcp-pin;login' {
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The id of a client that you registered there by hand')
            [CompletionResult]::new('--client-secret-env', '--client-secret-env', [CompletionResultType]::ParameterName, 'The variable that holds that client''s secret')
            [CompletionResult]::new('--redirect-port', '--redirect-port', [CompletionResultType]::ParameterName, 'The port of the redirect address (`http://127.0.0.1:PORT/callback`), where it was registered with one')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--no-browser', '--no-browser', [CompletionResultType]::ParameterName, 'Print the address instead of opening it in a browser')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;logout' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;doctor' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;schedule' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Verify this scope''s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Take away what `enable` wrote')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;schedule;enable' {
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often: minutes that divide an hour, hours that divide a day, up to 6 days, or `1w`')
            [CompletionResult]::new('--backend', '--backend', [CompletionResultType]::ParameterName, 'What keeps the schedule; the machine''s own choice without')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--check-updates', '--check-updates', [CompletionResultType]::ParameterName, 'Also look for newer versions; nothing of them is fetched or started')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;schedule;disable' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;schedule;status' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;schedule;help' {
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Verify this scope''s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Take away what `enable` wrote')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;schedule;help;enable' {
            break
        }
        'mcp-pin;schedule;help;disable' {
            break
        }
        'mcp-pin;schedule;help;status' {
            break
        }
        'mcp-pin;schedule;help;help' {
            break
        }
        'mcp-pin;trust' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the trust root and the registry keys in force, and where they come from')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Prove one downloaded file: who signed it, checked against the trust root in force')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;trust;show' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;trust;refresh' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;trust;check' {
            [CompletionResult]::new('--attestations', '--attestations', [CompletionResultType]::ParameterName, 'A document about it: a Sigstore bundle, an npm attestation reply or a PEP 740 provenance object (may be repeated; each must hold). Without one, the registry is asked')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The npm package it must be, instead of the name in the archive')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'The version it must be, instead of the one in the archive')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The public key (PEM) that signed, where no certificate did')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;trust;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the trust root and the registry keys in force, and where they come from')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Prove one downloaded file: who signed it, checked against the trust root in force')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;trust;help;show' {
            break
        }
        'mcp-pin;trust;help;refresh' {
            break
        }
        'mcp-pin;trust;help;check' {
            break
        }
        'mcp-pin;trust;help;help' {
            break
        }
        'mcp-pin;explain' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;completions' {
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the configuration says')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are written to standard output')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Use your own mcp-pin.toml and mcp-pin.lock instead of the project''s')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'Fail rather than change the lockfile')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not use the network; what needs it could not be decided')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say less on standard error')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more: also `info` findings')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Approve without asking what is graded `notice` or lower')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'mcp-pin;help' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Add servers; without any, make this machine match the lock')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Find newer versions, show what they change, ask, rewrite the lock')
            [CompletionResult]::new('outdated', 'outdated', [CompletionResultType]::ParameterValue, 'List which servers have something newer, and what holds it back')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what another version changes, without taking it: the update report for any two versions')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'List the servers that your AI clients start, and pin them')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Start a locked server for a client: approved bytes, and nothing but the approved surface')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Prove that nothing moved: lock, archives, installed files, what the server tells the model')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Review drift that `verify` recorded, and accept it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the servers of this scope')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show everything the lock says about one server')
            [CompletionResult]::new('rollback', 'rollback', [CompletionResultType]::ParameterValue, 'Go back to what you approved before the present version; once more goes further back')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Show how a package came into a server''s closure')
            [CompletionResult]::new('wrap', 'wrap', [CompletionResultType]::ParameterValue, 'Make clients start `mcp-pin run` where they start a pinned server by themselves')
            [CompletionResult]::new('unwrap', 'unwrap', [CompletionResultType]::ParameterValue, 'Put clients'' files back as they were before `wrap`')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Take servers out of the manifest and the lock')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Free what no lockfile that this machine knows needs any more')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what happened: installs, approvals, drift, alerts')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Write a page about the servers of this scope: levels, ages, versions, drift')
            [CompletionResult]::new('alert', 'alert', [CompletionResultType]::ParameterValue, 'Show the channels of alerts and what waits for them, or send a test to each')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Log in at a remote server, in the browser')
            [CompletionResult]::new('logout', 'logout', [CompletionResultType]::ParameterValue, 'Forget the login at a remote server')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Look whether this machine is fit: runtimes, sandbox, store, desktop, schedule; and what mends it')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Have the servers verified by themselves, and be told: enable, disable, status')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Show what signatures are proved against, fetch it anew, prove one file by hand')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a finding''s code means')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write a completion script for a shell to standard output')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mcp-pin;help;install' {
            break
        }
        'mcp-pin;help;update' {
            break
        }
        'mcp-pin;help;outdated' {
            break
        }
        'mcp-pin;help;diff' {
            break
        }
        'mcp-pin;help;import' {
            break
        }
        'mcp-pin;help;run' {
            break
        }
        'mcp-pin;help;verify' {
            break
        }
        'mcp-pin;help;approve' {
            break
        }
        'mcp-pin;help;list' {
            break
        }
        'mcp-pin;help;show' {
            break
        }
        'mcp-pin;help;rollback' {
            break
        }
        'mcp-pin;help;why' {
            break
        }
        'mcp-pin;help;wrap' {
            break
        }
        'mcp-pin;help;unwrap' {
            break
        }
        'mcp-pin;help;remove' {
            break
        }
        'mcp-pin;help;prune' {
            break
        }
        'mcp-pin;help;log' {
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that no row was edited, removed, moved or put in, and that each approval has its row')
            [CompletionResult]::new('head', 'head', [CompletionResultType]::ParameterValue, 'Print the number and hash of the last row, to be noted on another machine')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove old rows: shows the plan, and does nothing without --execute')
            break
        }
        'mcp-pin;help;log;verify' {
            break
        }
        'mcp-pin;help;log;head' {
            break
        }
        'mcp-pin;help;log;prune' {
            break
        }
        'mcp-pin;help;report' {
            break
        }
        'mcp-pin;help;alert' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'List the channels, when each last took something, and what waits for it and why')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send a message that says that it is a test to each channel; 2 where one did not take it')
            break
        }
        'mcp-pin;help;alert;status' {
            break
        }
        'mcp-pin;help;alert;test' {
            break
        }
        'mcp-pin;help;login' {
            break
        }
        'mcp-pin;help;logout' {
            break
        }
        'mcp-pin;help;doctor' {
            break
        }
        'mcp-pin;help;schedule' {
            [CompletionResult]::new('enable', 'enable', [CompletionResultType]::ParameterValue, 'Verify this scope''s servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured)')
            [CompletionResult]::new('disable', 'disable', [CompletionResultType]::ParameterValue, 'Take away what `enable` wrote')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong')
            break
        }
        'mcp-pin;help;schedule;enable' {
            break
        }
        'mcp-pin;help;schedule;disable' {
            break
        }
        'mcp-pin;help;schedule;status' {
            break
        }
        'mcp-pin;help;trust' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the trust root and the registry keys in force, and where they come from')
            [CompletionResult]::new('refresh', 'refresh', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root and registry keys (TUF), in one step and never backwards')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Prove one downloaded file: who signed it, checked against the trust root in force')
            break
        }
        'mcp-pin;help;trust;show' {
            break
        }
        'mcp-pin;help;trust;refresh' {
            break
        }
        'mcp-pin;help;trust;check' {
            break
        }
        'mcp-pin;help;explain' {
            break
        }
        'mcp-pin;help;completions' {
            break
        }
        'mcp-pin;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
