namespace PocketCoder.Daemon.Features.Agent;

/// <summary>Is an image what its media type says? The agent does not look, and its API refuses the whole conversation from then on.</summary>
internal static class ImageType
{
    public static bool Fits(string mediaType, ReadOnlySpan<byte> bytes) => mediaType switch
    {
        "image/png" => bytes.StartsWith(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a }),
        "image/jpeg" => bytes.StartsWith(new byte[] { 0xff, 0xd8, 0xff }),
        "image/gif" => bytes.StartsWith("GIF87a"u8) || bytes.StartsWith("GIF89a"u8),
        "image/webp" => bytes.Length >= 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8),
        _ => false,
    };
}
