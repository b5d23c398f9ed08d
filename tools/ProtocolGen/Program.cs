using PocketCoder.ProtocolGen;

// usage: ProtocolGen ROOT [--check]   writes (or compares) web/src/protocol.gen.ts and docs/protocol.md
var root = args[0];
var check = args.Contains("--check");
WireModel model = new();
var introduction = File.ReadAllText(Path.Combine(root, "tools/ProtocolGen/introduction.md"));
(string Path, string Text)[] outputs =
[
    ("web/src/protocol.gen.ts", new TypeScript(model).Write()),
    ("docs/protocol.md", new Reference(model).Write(introduction)),
];

var stale = 0;
foreach (var (path, text) in outputs)
{
    var file = Path.Combine(root, path);
    if (File.Exists(file) && File.ReadAllText(file) == text)
    {
        continue;
    }

    stale++;
    if (check)
    {
        Console.Error.WriteLine($"{path} is stale. Write it anew with: scripts/protocol");
        continue;
    }

    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    File.WriteAllText(file, text);
    Console.WriteLine($"wrote {path}");
}

return check && stale > 0 ? 1 : 0;
