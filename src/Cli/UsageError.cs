using System.CommandLine;
using System.CommandLine.Parsing;

namespace PocketCoder.Cli;

/// <summary>A command line that cannot be understood: what is wrong with it, and what was probably meant.</summary>
internal static class UsageError
{
    private const int FarthestSlip = 2;

    public static async Task<int> WriteAsync(CliContext cli, ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            await cli.Error.WriteLineAsync(error.Message);
        }

        var unknown = UnknownOptions(parsed).ToList();
        foreach (var option in unknown)
        {
            await cli.Error.WriteLineAsync($"There is no option {option}. Behind -- it is no option.");
        }

        var command = parsed.CommandResult.Command;
        foreach (var token in parsed.UnmatchedTokens.Concat(unknown))
        {
            if (Nearest(token.Split('=')[0], NamesIn(command, options: token.StartsWith('-'))) is { } meant)
            {
                await cli.Error.WriteLineAsync($"Did you mean {meant}?");
            }
        }

        await cli.Error.WriteLineAsync($"See: {string.Join(' ', Path(command).Reverse())} --help");
        return ExitCode.Usage;
    }

    /// <summary>What looks like an option, but would be taken as an argument: <c>up --lna</c> is not to look for a directory of that name.</summary>
    public static IEnumerable<string> UnknownOptions(ParseResult parsed) => parsed.Action is Manual || parsed.Tokens.Any(token => token.Type == TokenType.Directive)
        ? []
        : parsed.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Where(token => token.Type == TokenType.Argument && token.Value is ['-', _, ..])
            .Select(token => token.Value)
            .Except(parsed.UnmatchedTokens);

    /// <summary>The name that a slip or two away was typed as <paramref name="typed"/>; null when none is near.</summary>
    internal static string? Nearest(string typed, IEnumerable<string> names) => names
        .Select(name => (Name: name, Distance: Distance(typed, name)))
        .Where(candidate => candidate.Distance <= Math.Min(FarthestSlip, candidate.Name.TrimStart('-').Length - 1))
        .OrderBy(candidate => candidate.Distance)
        .Select(candidate => candidate.Name)
        .FirstOrDefault();

    // Insertions, deletions, replacements and swapped neighbours (optimal string alignment).
    internal static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                var change = a[i - 1] == b[j - 1] ? 0 : 1;
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }

    private static IEnumerable<string> NamesIn(Command command, bool options) => options
        ? command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name))
        : command.Subcommands.Where(subcommand => !subcommand.Hidden).Select(subcommand => subcommand.Name);

    private static IEnumerable<string> Path(Symbol command)
    {
        for (var symbol = command; symbol is not null; symbol = symbol.Parents.FirstOrDefault())
        {
            yield return symbol is RootCommand ? "pocketcoder" : symbol.Name;
        }
    }
}
