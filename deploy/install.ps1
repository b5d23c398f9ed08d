# Installs PocketCoder for the user who runs it, in %LOCALAPPDATA%\PocketCoder, which is put on the user's PATH.
#   install.ps1 [-From ADDRESS-OR-DIRECTORY] [-To DIRECTORY]
#   install.ps1 -Uninstall [-To DIRECTORY]        what it knows (.pocketcoder in the home directory) stays
# What is fetched is held against SHA256SUMS before anything is replaced.
param(
  [string] $From = '@RELEASES@',
  [string] $To = (Join-Path $env:LOCALAPPDATA 'PocketCoder'),
  [switch] $Uninstall
)
$ErrorActionPreference = 'Stop'
$version = '@VERSION@'
$path = @([Environment]::GetEnvironmentVariable('Path', 'User') -split ';' | Where-Object { $_ -and $_ -ne $To })

if ($Uninstall) {
  if (Test-Path $To) { Remove-Item -Recurse -Force $To }
  [Environment]::SetEnvironmentVariable('Path', ($path -join ';'), 'User')
  Write-Host "PocketCoder is removed from $To."
  return
}
if (-not $From) { throw 'Say where the release is: -From https://..., or -From DIRECTORY.' }
if ([Environment]::Is64BitOperatingSystem -eq $false) { throw 'PocketCoder needs a 64-bit Windows.' }

# Windows on Arm runs the x64 form.
$name = "pocketcoder-$version-win-x64"
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString('N'))
New-Item -ItemType Directory $work | Out-Null
try {
  foreach ($file in 'SHA256SUMS', "$name.tar.gz") {
    if ($From -match '^https://') { Invoke-WebRequest -UseBasicParsing "$From/$file" -OutFile (Join-Path $work $file) }
    elseif ($From -match '://') { throw "$From is not an https address." }
    else { Copy-Item (Join-Path $From $file) $work }
  }
  $line = Get-Content (Join-Path $work 'SHA256SUMS') | Where-Object { $_.EndsWith("  $name.tar.gz") }
  if (-not $line) { throw "SHA256SUMS does not name $name.tar.gz. Nothing was changed." }
  $sum = (Get-FileHash -Algorithm SHA256 (Join-Path $work "$name.tar.gz")).Hash
  if ($line.Split(' ')[0] -ne $sum) { throw "$name.tar.gz is not what SHA256SUMS says. Nothing was changed." }
  tar -xzf (Join-Path $work "$name.tar.gz") -C $work
  if ($LASTEXITCODE -ne 0) { throw "$name.tar.gz could not be unpacked. Nothing was changed." }
  & (Join-Path $work "$name\pocketcoder.exe") --version | Out-Null
  if ($LASTEXITCODE -ne 0) { throw 'It does not start on this machine. Nothing was changed.' }

  # A running executable can be moved away, not written over.
  if (Test-Path "$To.old") { Remove-Item -Recurse -Force "$To.old" }
  if (Test-Path $To) { Move-Item $To "$To.old" }
  Move-Item (Join-Path $work $name) $To
  Remove-Item -Recurse -Force "$To.old" -ErrorAction SilentlyContinue
}
finally {
  Remove-Item -Recurse -Force $work
}
[Environment]::SetEnvironmentVariable('Path', (@($path) + $To -join ';'), 'User')
Write-Host "PocketCoder $version is installed: $To. Open a new terminal, then: pocketcoder up"
