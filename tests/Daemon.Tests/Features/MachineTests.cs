using System.Text.Json.Nodes;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class MachineTests : SystemTests
{
    [Fact]
    public async Task A_machine_is_renamed_for_every_phone_and_stays_so_over_a_restart()
    {
        await using var another = await System.ClientAsync();

        var answer = await RenameAsync("  Work Laptop 💻 ");
        var told = await Client.UntilTypeAsync("daemon_status");
        var toldAnother = await another.UntilTypeAsync("daemon_status");
        await System.Daemon.DisposeAsync();
        await System.StartDaemonAsync();

        Assert.Equal("Work Laptop 💻", (string?)answer["payload"]!["label"]);
        Assert.All([told, toldAnother], status => Assert.Equal("Work Laptop 💻", (string?)status["payload"]!["label"]));
        var machines = await Client.AskAsync("machines_list", null);
        Assert.Equal("Work Laptop 💻", (string?)Assert.Single(machines["payload"]!["machines"]!.AsArray())!["label"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \t ")]
    [InlineData("a\u0007b")]
    [InlineData("a\nb")]
    [InlineData("\u001b[2Jdesk")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public async Task A_label_that_is_none_is_refused_and_the_old_one_stays(string label)
    {
        await RenameAsync("Desk");

        var answer = await RenameAsync(label);

        Assert.Equal("INVALID_REQUEST", Code(answer));
        Assert.Equal("A label has 1 to 64 characters and no control characters.", (string?)answer["error"]!["message"]);
        Assert.Equal("Desk", (await System.Daemon.StatusAsync(CancellationToken.None)).Label);
    }

    private Task<JsonObject> RenameAsync(string label) => Client.AskAsync("machine_rename", new JsonObject { ["label"] = label }, System.MachineKey);
}
