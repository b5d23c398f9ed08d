using System.Security;
using System.Text;

namespace PocketCoder.Cli.Autostart;

/// <summary>The task of Windows' Task Scheduler, which has no place for variables: they go before the command (<see cref="EnvironmentArguments"/>).</summary>
internal static class ScheduledTask
{
    public const string Name = "PocketCoder";

    public static string Render(AutostartSpec spec, string user)
    {
        var arguments = spec.Environment.Select(v => EnvironmentArguments.Of(v.Key, v.Value)).Concat(AutostartSpec.Arguments);
        return $"""
            <?xml version="1.0" encoding="UTF-16"?>
            <Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
              <RegistrationInfo>
                <Description>PocketCoder daemon</Description>
              </RegistrationInfo>
              <Triggers>
                <LogonTrigger>
                  <UserId>{SecurityElement.Escape(user)}</UserId>
                </LogonTrigger>
              </Triggers>
              <Principals>
                <Principal id="Author">
                  <UserId>{SecurityElement.Escape(user)}</UserId>
                  <LogonType>InteractiveToken</LogonType>
                  <RunLevel>LeastPrivilege</RunLevel>
                </Principal>
              </Principals>
              <Settings>
                <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
                <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
                <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
                <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
                <RestartOnFailure>
                  <Interval>PT1M</Interval>
                  <Count>3</Count>
                </RestartOnFailure>
              </Settings>
              <Actions Context="Author">
                <Exec>
                  <Command>{SecurityElement.Escape(Quoted(spec.Executable))}</Command>
                  <Arguments>{SecurityElement.Escape(string.Join(' ', arguments.Select(Quoted)))}</Arguments>
                </Exec>
              </Actions>
            </Task>

            """;
    }

    // As CommandLineToArgvW reads it: backslashes count only before a quote, and there they are doubled.
    internal static string Quoted(string argument)
    {
        if (argument.Length > 0 && !argument.AsSpan().ContainsAny(" \t\""))
        {
            return argument;
        }

        StringBuilder quoted = new("\"");
        var backslashes = 0;
        foreach (var c in argument)
        {
            if (c == '"')
            {
                quoted.Append('\\', backslashes + 1);
            }

            backslashes = c == '\\' ? backslashes + 1 : 0;
            quoted.Append(c);
        }

        return quoted.Append('\\', backslashes).Append('"').ToString();
    }
}
