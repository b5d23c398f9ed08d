using Microsoft.Extensions.Logging;
using PocketCoder.Daemon;
using PocketCoder.Storage;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Json;
using Serilog.Sinks.File;

namespace PocketCoder.Cli;

/// <summary>
/// The log: 5 files of 10 MB, 0600, levels by LOG_LEVEL, lines of JSON with LOG_FORMAT=json. Each process has its own: what two write into one file overwrites each other, for nothing
/// on Unix keeps the second from opening it.
/// </summary>
internal static class Logs
{
    private const long FileBytes = 10 * 1024 * 1024;
    private const int Files = 5;

    /// <param name="paths">Whose log: the daemon's of this config directory.</param>
    /// <param name="fileBytes">When a new file is begun; tests begin one sooner.</param>
    public static Serilog.Core.Logger Open(DaemonPaths paths, long fileBytes = FileBytes)
    {
        PrivateFile.CreateDirectory(paths.Logs);
        return Open(paths.Log, fileBytes);
    }

    /// <summary>The log of a relay without a daemon, beside its state.</summary>
    public static Serilog.Core.Logger OpenForRelay(string dataDirectory)
    {
        PrivateFile.CreateDirectory(dataDirectory);
        return Open(Path.Combine(dataDirectory, "relay.log"), FileBytes);
    }

    private static Serilog.Core.Logger Open(string file, long fileBytes)
    {
        var chosen = Environment.GetEnvironmentVariable("LOG_LEVEL");
        var level = Level(chosen);
        PrivateFile.EnsureExists(file);
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Is(level ?? LogEventLevel.Information)

            // Not ours to vouch for: at debug ASP.NET Core writes whole request lines and headers.
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning);
        var log = (string.Equals(Environment.GetEnvironmentVariable("LOG_FORMAT"), "json", StringComparison.OrdinalIgnoreCase)
            ? configuration.WriteTo.File(new JsonFormatter(renderMessage: true), file,
                fileSizeLimitBytes: fileBytes, rollOnFileSizeLimit: true, retainedFileCountLimit: Files, hooks: new Private())
            : configuration.WriteTo.File(
                file,
                outputTemplate: "{UtcTimestamp:yyyy-MM-ddTHH:mm:ss.fffZ} {Level:u3} {SourceContext}: {Message:lj}{NewLine}{Exception}",
                formatProvider: System.Globalization.CultureInfo.InvariantCulture,
                fileSizeLimitBytes: fileBytes, rollOnFileSizeLimit: true, retainedFileCountLimit: Files, hooks: new Private()))
            .CreateLogger();
        if (level is null)
        {
            log.Warning("LOG_LEVEL is none of trace, debug, info, warn, error and fatal; it is taken as info");
        }

        return log;
    }

    public static Action<ILoggingBuilder> Into(Serilog.ILogger logger) => builder => builder.AddSerilog(logger);

    private static LogEventLevel? Level(string? name) => name?.ToLowerInvariant() switch
    {
        null or "" or "info" or "information" => LogEventLevel.Information,
        "trace" => LogEventLevel.Verbose,
        "debug" => LogEventLevel.Debug,
        "warn" or "warning" => LogEventLevel.Warning,
        "error" => LogEventLevel.Error,
        "fatal" => LogEventLevel.Fatal,
        _ => null,
    };

    private sealed class Private : FileLifecycleHooks
    {
        public override Stream OnFileOpened(string path, Stream underlyingStream, System.Text.Encoding encoding)
        {
            PrivateFile.EnsureExists(path);
            return underlyingStream;
        }
    }
}
