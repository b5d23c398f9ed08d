namespace PocketCoder.TestSupport;

/// <summary>The sources that these tests were built from.</summary>
public static class Checkout
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        DirectoryInfo directory = new(AppContext.BaseDirectory);
        while (directory.GetFiles("PocketCoder.slnx").Length == 0)
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }
}
