using PocketCoder.Protocol;

namespace PocketCoder.Cli;

/// <summary>Shows a one-time link to a person.</summary>
internal static class PairingText
{
    public static async Task WriteAsync(CliContext cli, PairingLink link)
    {
        await cli.Out.WriteLineAsync();
        await cli.Out.WriteAsync(QrCode.Draw(link.PairUrl, cli.Colours));
        await cli.Out.WriteLineAsync($"""

              Scan it with the phone, or open:  {link.PairUrl}
              It pairs one device and ends at {link.ExpiresAt.ToLocalTime():HH:mm}. Another one: pocketcoder pair
            """);
        if (new Uri(link.PairUrl).IsLoopback)
        {
            await cli.Out.WriteLineAsync("""

                  This address works on this machine only. To reach it from a phone in the same network: pocketcoder up --lan
                  From anywhere: put HTTPS before it (Tailscale, Caddy, a tunnel) and say its address with --public-url.
                """);
        }
    }
}
