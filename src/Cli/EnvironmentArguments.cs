namespace PocketCoder.Cli;

/// <summary>
/// <c>[env:NAME=VALUE]</c> before the command sets a variable. Windows' Task Scheduler has no other place for one; the form is that of
/// System.CommandLine's own directive, which comes too late for what is read before the command line is.
/// </summary>
internal static class EnvironmentArguments
{
    private const string Opening = "[env:";

    public static string Of(string name, string value) => $"{Opening}{name}={value}]";

    /// <summary>Sets the variables; the arguments without them.</summary>
    public static string[] Apply(string[] args)
    {
        var settings = args.TakeWhile(a => a.StartsWith(Opening, StringComparison.Ordinal) && a.EndsWith(']') && a.Contains('=', StringComparison.Ordinal)).ToList();
        foreach (var setting in settings)
        {
            var (name, value) = (setting[Opening.Length..setting.IndexOf('=', StringComparison.Ordinal)], setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..^1]);
            Environment.SetEnvironmentVariable(name, value);
        }

        return args[settings.Count..];
    }
}
