using System.CommandLine;

namespace PocketCoder.Cli.Commands;

/// <summary>Prints what makes a shell complete our commands. The shell asks us each time, so that it never knows less than we do.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _pocketcoder() {
          local line=${COMP_LINE:0:COMP_POINT} IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _pocketcoder pocketcoder

        """;

    private const string Zsh = """
        #compdef pocketcoder
        _pocketcoder() {
          local line="${words[1,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
          if [[ -n "${found[1]}" ]]; then compadd -- "${found[@]}"; else _files; fi
        }
        compdef _pocketcoder pocketcoder

        """;

    private const string Fish = """
        function __pocketcoder_complete
          set -l line (commandline -cp)
          pocketcoder "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c pocketcoder -a '(__pocketcoder_complete)'

        """;

    public static Command Create(CliContext cli)
    {
        Argument<string> shell = new("shell") { Description = "Which shell: bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        ManualCommand command = new("completion", "Print a script that makes the shell complete these commands.", """
            echo 'source <(pocketcoder completion bash)' >> ~/.bashrc
            echo 'source <(pocketcoder completion zsh)' >> ~/.zshrc
            pocketcoder completion fish > ~/.config/fish/completions/pocketcoder.fish
            """) { shell };
        command.SetAction(parsed => cli.Out.Write(parsed.GetValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            _ => Fish,
        }));
        return command;
    }
}
