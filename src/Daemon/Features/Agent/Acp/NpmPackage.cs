using System.Text.Json;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>What npm put beside an executable.</summary>
internal static class NpmPackage
{
    /// <summary>
    /// The version of the package that the executable belongs to; null when it belongs to none. Some agents have no way to be asked, others take seconds to answer.
    /// </summary>
    public static string? VersionOf(string executable)
    {
        try
        {
            var directory = Path.GetDirectoryName(File.ResolveLinkTarget(executable, returnFinalTarget: true)?.FullName);
            for (var up = 0; up < 4 && directory is not null; up++, directory = Path.GetDirectoryName(directory))
            {
                var description = Path.Combine(directory, "package.json");
                if (File.Exists(description))
                {
                    using var json = JsonDocument.Parse(File.ReadAllBytes(description));
                    if (json.RootElement.Text("version") is { } version)
                    {
                        return version;
                    }
                }
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or JsonException)
        {
            // Known without a version is good enough.
        }

        return null;
    }
}
