using QRCoder;

namespace PocketCoder.Cli;

/// <summary>Draws a QR code with half blocks, two rows of modules a line.</summary>
internal static class QrCode
{
    public static string Draw(string text, bool colours)
    {
        using QRCodeGenerator generator = new();
        using var data = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.L);
        var rows = data.ModuleMatrix;
        System.Text.StringBuilder drawing = new();
        for (var y = 0; y < rows.Count; y += 2)
        {
            // Black on white whatever the terminal's own colours are; without colours, light modules are drawn for a dark background.
            drawing.Append(colours ? "\e[30;107m" : "");
            for (var x = 0; x < rows.Count; x++)
            {
                var upper = rows[y][x];
                var lower = y + 1 < rows.Count && rows[y + 1][x];
                drawing.Append((upper == colours, lower == colours) switch
                {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    _ => ' ',
                });
            }

            drawing.Append(colours ? "\e[0m\n" : "\n");
        }

        return drawing.ToString();
    }
}
