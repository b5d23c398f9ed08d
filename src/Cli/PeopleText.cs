namespace PocketCoder.Cli;

/// <summary>Times as a person says them.</summary>
internal static class PeopleText
{
    public static string Duration(TimeSpan span) => span switch
    {
        { TotalMinutes: < 1 } => "less than a minute",
        { TotalHours: < 1 } => $"{span.Minutes} min",
        { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes} min",
        _ => $"{(int)span.TotalDays} d {span.Hours} h",
    };

    /// <summary>Control characters of names that others chose would speak to the terminal.</summary>
    public static string Plain(string text) => string.Concat(text.Where(c => !char.IsControl(c)));
}
