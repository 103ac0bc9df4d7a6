package explain

import (
	"context"
	"io/fs"
	"syscall"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/winupdate"
)

type kind struct {
	err   error
	words Words
}

// kinds are read in this order. An empty Sentence means the error's own text
// says it best, for it names the host or the file.
var kinds = []kind{
	{secret.ErrElsewhere, Words{Title: "Password was not stored for this place", Next: "It was not sent. If the host's entry is right, store the password again. If you do not know who changed the entry, look into the audit trail first: it could send the password to a host of theirs."}},
	{remote.ErrUnreachable, Words{Title: "Host is unreachable", Next: "Check that it is switched on, that name and port are right, and that the network or VPN is up. Then scan again."}},
	{remote.ErrTimeout, Words{Title: "Host did not answer in time", Next: "It may be overloaded or behind a slow line. Scan it again later; what it did in the meantime is looked up then."}},
	{remote.ErrLoginRefused, Words{Title: "Login refused", Next: "Check the user, and the key or password, of this host. Nothing was changed on it. For a Windows host, Check host… (stctl doctor) lists what else it may be, and how to tell."}},
	{remote.ErrHeldBack, Words{Title: "Login not tried", Next: "Nothing was sent to this host, so that the account is not locked. Make sure of its password, and that it is not locked or expired; then store the password again, and scan."}},
	{remote.ErrNoPrivilege, Words{Title: "No way to become root", Next: "Log in as root, allow sudo for this user, or store the sudo password for this host."}},
	{remote.ErrSudoPassword, Words{Title: "Sudo password is wrong or missing", Next: "Store the right password for this host. It was tried once only, so the account is not locked by this program."}},
	{remote.ErrBusy, Words{Title: "Another job or installation is at work", Next: "Wait until it has finished, or look on the host at what it is. Then try again."}},
	{remote.ErrBooting, Words{Title: "Host has not finished its boot", Next: "Wait some minutes, then try again. Windows works on updates before it shows its logon; if it stays so, look at the host's console."}},
	{remote.ErrGoingDown, Words{Title: "Somebody else reboots the host", Next: "It is not asked twice; the boot ID tells whether it happens. On the host, \"shutdown /a\" takes a scheduled reboot back."}},
	{remote.ErrRebootRefused, Words{Title: "Host refused to reboot", Next: "It was not rebooted and is not asked again. Look at the number that it gave: 5 is a policy on who may shut it down. Reboot it yourself, then scan."}},
	{remote.ErrTooMuchOutput, Words{Title: "Host said too much", Next: "Its answer was longer than allowed and proves nothing. Look at the host: a login script that prints, or a broken package list."}},
	{remote.ErrLost, Words{Title: "Connection lost", Next: "It is not known what happened since. The job goes on on the host by itself; open the host again and it is looked up, not repeated."}},
	{remote.ErrGarbage, Words{Title: "Host's answer makes no sense", Next: "Nothing was concluded from it. The raw answer is kept as evidence with the scan; a login script that prints is the usual cause."}},
	{remote.ErrHostKeyRefused, Words{Title: "Host key was refused", Next: "The key is revoked, or its certificate is out of date or for another name. Nothing was sent. Ask whoever looks after the host's keys."}},
	{remote.ErrInsecure, Words{Title: "No safe way to log in", Next: "Nothing secret was sent. Let the host take Negotiate; over HTTP, with encryption, or better set up HTTPS. The manual's page on preparing Windows says how."}},
	{remote.ErrNotAdmin, Words{Title: "Account may not manage the host", Next: "It needs to be a local administrator. For a local account other than the built-in one, Windows wants LocalAccountTokenFilterPolicy as well; the manual says how."}},
	{remote.ErrQuota, Words{Title: "Too many sessions on the host", Next: "Other programs hold shells of this account there, or old ones have not ended. Wait a few minutes, or close them, then try again."}},
	{remote.ErrConstrained, Words{Title: "PowerShell is constrained", Next: "A policy (WDAC or AppLocker) forbids scripts to use what Windows Update needs. Ask whoever looks after the policy to allow this account."}},
	{remote.ErrBlocked, Words{Title: "A security product blocked the script", Next: "Nothing was run. Ask whoever looks after the product; the manual lists the scripts with their digests."}},
	{winupdate.ErrTaskNeverStarted, Words{Title: "The host's task scheduler did not start the task", Next: "Look on the host at the log TaskScheduler/Operational. Nothing was changed."}},
	{remote.ErrNotSupported, Words{Title: "No update system found", Next: "This program knows APT, DNF, Zypper, Pacman, APK and Windows Update. Remove the host, or keep it as unknown."}},
	{store.ErrNotFound, Words{Title: "Not there any more", Next: "Somebody may have removed it. Reload the page."}},
	{store.ErrConflict, Words{Title: "It does not fit what is stored", Next: "Reload, look at what is there now, and make your change again. Yours was not saved."}},
	{store.ErrForeign, Words{Title: "Not a workspace", Next: "The file was left as it is. Choose a workspace file, or start a new one under another name."}},
	{store.ErrNewer, Words{Title: "Workspace is from a newer program", Next: "The file was left as it is. Install the newer program, or open an older copy."}},
	{store.ErrCorrupt, Words{Title: "Workspace is damaged", Next: "Stop using the file and open your newest backup of it. Keep the damaged one: parts of it can often be saved."}},
	{store.ErrFull, Words{Title: "Disk is full", Next: "Make room on the disk of the workspace, then do it again. The change was not made."}},
	{store.ErrBusy, Words{Title: "Workspace is in use", Next: "Another program holds the file. Close it there, then do it again. The change was not made."}},
	{secret.ErrNoKeyring, Words{Title: "Keyring cannot be used", Next: "Unlock the system's keyring, or choose the vault with a passphrase in Settings."}},
	{secret.ErrNone, Words{Title: "No password is stored", Next: "Store one for this host in Settings, or use a key."}},
	{secret.ErrRefused, Words{Title: "A password must not go there", Next: "It was not written. Report this: it is a fault of the program."}},
	{secret.ErrPassphraseFile, Words{Title: "Passphrase file cannot be used", Next: "It must hold the passphrase in its first line, and only its owner may read it (chmod 600). If others could read it, choose a new passphrase: the old one is no secret any more."}},
	{secret.ErrEmpty, Words{Title: "No password was given", Next: "Type it, or give it as the first line of standard input. Nothing was kept."}},
	{secret.ErrPassphrase, Words{Title: "Passphrase is wrong", Next: "Type it again. There is no way round a lost one: then the passwords must be stored anew."}},
	{app.ErrElsewhere, Words{Title: "Somebody else is driving it", Next: "Another desk or stctl works on this rollout now. Watch it here; it can be taken over when the other has ended."}},
	{app.ErrNotOrdered, Words{Title: "Rollout was not started here", Next: "A workspace from another computer touches no host by itself. Look through its plan; if it is yours to drive, adopt it on its page, or with stctl rollout adopt."}},
	{app.ErrOffTrail, Words{Title: "Changed behind the audit trail", Next: "Somebody wrote into the file without this program, so no host is touched. Find out who did. \"stctl audit verify\" lists all such rows; the manual's page on the audit trail says how to go on."}},
	{app.ErrAllLeftOut, Words{Title: "Nothing can go in", Next: "Each host and update left out is named with its reason. Mend that, or allow what it names, and plan again."}},
	{app.ErrNothingToDo, Words{Title: "Nothing to do", Next: "Scan the hosts again, or choose other updates."}},
	{app.ErrTermsOpen, Words{Title: "Licence terms are neither accepted nor refused", Next: "Read them; then accept them in the plan, or leave the update out."}},
	{app.ErrNoReboot, Words{Title: "That is no plan for a reboot alone", Next: "Choose no updates with it, and let it reboot if needed or always."}},
	{app.ErrNotApproved, Words{Title: "Plan is not approved", Next: "Look through the plan and approve it first."}},
	{app.ErrBegun, Words{Title: "The rollout has begun", Next: "Withdrawing an approval keeps a plan from being started. Cancel the rollout instead: what is under way stops where its host is sound."}},
	{app.ErrNoReason, Words{Title: "A reason is needed", Next: "Say why. It is kept in the audit trail."}},
	{app.ErrNotOpen, Words{Title: "Rollout has ended", Next: "Make a new plan from what is still missing."}},
	{app.ErrNotStopped, Words{Title: "Rollout needs no resuming", Next: "Only one that has stopped is resumed. Look at what this one waits for on its page, or with stctl rollout show."}},
	{app.ErrStillOpen, Words{Title: "Run has not ended", Next: "Wait until it has ended, or cancel it first."}},
	{app.ErrKnown, Words{Title: "There is nothing to look up", Next: "Only a run whose outcome is unknown is looked up again. What is missing still goes into a new plan, or is retried."}},
	{app.ErrUnderWay, Words{Title: "Plan is being rolled out", Next: "Look at its rollout: one that was cancelled ends with the next stctl run-due, or in an open window; otherwise let it go on, or cancel it first."}},
	{app.ErrLookFirst, Words{Title: "It is not known what the run did", Next: "Look it up on the host first. It is not repeated blindly, so that nothing runs twice."}},
	{app.ErrNotImportable, Words{Title: "File cannot be imported", Next: "Nothing was changed. Choose another file: CSV, an OpenSSH configuration, known_hosts, or an Ansible inventory."}},
	{data.ErrNoExposure, Words{Title: "Exposure is not set", Next: "Say who can reach the host: internet, internal or air-gapped. Only you know it, and the deadlines depend on it."}},
	{context.DeadlineExceeded, Words{Title: "It took too long", Sentence: "The work was given up because its time had run out.", Next: "Try again. What was already done on a host is looked up first."}},
	{context.Canceled, Words{Title: "Cancelled", Sentence: "You cancelled it.", Next: "What was already done stays done."}},
	{syscall.ENOSPC, Words{Title: "Disk is full", Next: "Make room on this computer, then try again."}},
	{fs.ErrPermission, Words{Title: "No right to do that", Next: "Check the rights of the file or folder."}},
}
