-- How WinRM logs in: '' (NTLM over HTTPS), 'kerberos', 'basic', 'sealed over http'.
ALTER TABLE hosts ADD COLUMN auth TEXT NOT NULL DEFAULT '';
