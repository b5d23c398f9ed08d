using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>Tests that need the machine, or a switch of the whole process, for themselves.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
