using System.Security;

namespace PocketCoder.Cli.Autostart;

/// <summary>The property list of macOS, as launchd.plist(5) wants it.</summary>
internal static class LaunchAgent
{
    public const string Label = "dev.pocketcoder.daemon";

    public static string Render(AutostartSpec spec) => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
          <key>Label</key>
          <string>{Label}</string>
          <key>ProgramArguments</key>
          <array>
        {string.Join('\n', AutostartSpec.Arguments.Prepend(spec.Executable).Select(argument => $"    <string>{SecurityElement.Escape(argument)}</string>"))}
          </array>
          <key>EnvironmentVariables</key>
          <dict>
        {string.Join('\n', spec.Environment.Select(v => $"    <key>{SecurityElement.Escape(v.Key)}</key>\n    <string>{SecurityElement.Escape(v.Value)}</string>"))}
          </dict>
          <key>RunAtLoad</key>
          <true/>
          <key>KeepAlive</key>
          <dict>
            <key>SuccessfulExit</key>
            <false/>
          </dict>
          <key>ProcessType</key>
          <string>Background</string>
        </dict>
        </plist>

        """;
}
