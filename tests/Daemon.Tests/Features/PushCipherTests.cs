using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using PocketCoder.Daemon.Features.Push;
using PocketCoder.Protocol;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class PushCipherTests
{
    [Fact]
    public void The_example_of_RFC_8291_comes_out_byte_for_byte()
    {
        var senderPublic = Bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        using var sender = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256, Q = PushCipher.Point(senderPublic), D = Bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        });
        var plaintext = Encoding.UTF8.GetBytes("When I grow up, I want to be a watermelon");

        var body = PushCipher.Encrypt(
            plaintext, Bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), Bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            sender, Bytes("DGv6ra1nlYgDCS1FRnbzlw"), plaintext.Length);

        Assert.Equal(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
            Base64Url.EncodeToString(body));
    }

    [Fact]
    public void Two_key_halves_that_are_no_pair_are_noticed()
    {
        using var one = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = one.ExportParameters(false).Q;
        Assert.ThrowsAny<CryptographicException>(() => Vapid.Key([4, .. point.X!, .. point.Y!], other.ExportParameters(true).D!));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    [InlineData(PushCipher.MaxPlaintext)]
    public void A_message_never_outgrows_what_push_services_take(int length)
    {
        using var browser = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var point = browser.ExportParameters(false).Q;
        Assert.InRange(PushCipher.Encrypt(new byte[length], [4, .. point.X!, .. point.Y!], new byte[16]).Length, 103, 4096);
    }

    [Theory]
    [InlineData(1320, 420, 0, "23:00", 480)]
    [InlineData(1320, 420, 0, "06:59", 1)]
    [InlineData(1320, 420, 0, "07:00", 0)]
    [InlineData(1320, 420, 0, "21:59", 0)]
    [InlineData(540, 1020, 120, "07:00", 480)]
    [InlineData(540, 1020, 120, "15:00", 0)]
    [InlineData(0, 60, -720, "12:30", 30)]
    public void Quiet_hours_are_the_devices_own_and_may_pass_midnight(int from, int to, int offset, string utc, int minutesLeft) => Assert.Equal(
        TimeSpan.FromMinutes(minutesLeft), QuietTime.Left(new QuietHours(from, to, offset), DateTimeOffset.Parse($"2026-11-22T{utc}Z", System.Globalization.CultureInfo.InvariantCulture)));

    private static byte[] Bytes(string base64Url) => Base64Url.DecodeFromChars(base64Url);
}
