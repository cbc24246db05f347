@echo off
rem windows.cmd: on a real Windows, runs what Wine cannot show (docs/windows.md). Lies in a folder with bin, plugins and config of a build
rem for Windows. Exit status: 0, or 1 when something failed.
setlocal
cd /d "%~dp0"
if not defined HEDDLE_STRESS_SCALE set HEDDLE_STRESS_SCALE=0.1
set failed=
set run=0
ver
for %%p in (plugins\windows-*.dll) do set port=%%p
if not defined port echo windows.cmd: no port lies in "%cd%\plugins"& exit /b 1
call :try bin\heddle.exe doctor
call :try bin\port_conformance.exe "%port%" --gtest_brief=1
for %%t in (bin\runtime_*.exe) do call :try "%%t" --gtest_brief=1
call :try bin\heddle.exe demo
if defined failed echo failed:%failed%& exit /b 1
echo all %run% programs passed
exit /b 0

:try
echo == %*
set /a run+=1
%*
if errorlevel 1 set failed=%failed% %~nx1
exit /b 0
