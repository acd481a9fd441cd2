# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For examples.sh: hisi-gzip beside gzip in what scripts rely on, such as exit
# status, files, pipes and signals.

# Enough for two members: what counts here is not the data.
head -c 300000 text >note

gzip_it() {
	"$bin/hisi-gzip" "$@"
}

# says TEXT COMMAND...: its standard error has the text in it.
says() {
	local text=$1
	shift
	"$@" 2>said
	local status=$?
	grep -qF "$text" said || cat said
	grep -qF "$text" said && return $status
}

keeps_attributes() {
	install -m 640 note kept && touch -d '2001-02-03 04:05:06' kept || return
	local want
	want=$(stat -c '%a %Y' kept)
	gzip_it kept && [ "$(stat -c '%a %Y' kept.gz)" = "$want" ] &&
		gzip_it -d kept.gz && [ "$(stat -c '%a %Y' kept)" = "$want" ]
}

overwrites_when_told() {
	cp note over && echo mine >over.gz
	says 'exists already' gives 2 gzip_it over && [ "$(cat over.gz)" = mine ] &&
		gives 0 gzip_it -f over && gzip -dc over.gz | cmp - note && absent over
}

leaves_alone() {
	mkdir -p folder && cp note alone.gz && cp note alone
	says 'a directory' gives 2 gzip_it folder &&
		says 'ends in .gz already' gives 2 gzip_it alone.gz &&
		says 'does not end in .gz' gives 2 gzip_it -d alone &&
		ln alone alias && says 'other names' gives 2 gzip_it alone &&
		absent alone.gz.gz folder.gz && cmp alone note &&
		gives 0 gzip_it -f alone && absent alone
}

keeps_links() {
	cp note target && ln -s target link &&
		says 'kept, as this is a link' gives 2 gzip_it link &&
		gzip -dc link.gz | cmp - target && [ -L link ]
}

names_outputs() {
	gzip_it -kc note >named.tgz && gzip_it -dk named.tgz && cmp named.tar note &&
		gzip_it -9n -o elsewhere note && gzip -dc <elsewhere | cmp - note &&
		gzip_it --best --no-name -c note | gzip -dc | cmp - note
}

goes_on_after_trouble() {
	cp note first && cp note last
	gives 1 gzip_it first missing last && absent first last &&
		gzip -t first.gz last.gz
}

# Zero bytes are what a tape or disk adds, other bytes are suspicious.
ignores_padding() {
	gzip -c note >padded.gz && head -c 5000 /dev/zero >>padded.gz
	cp padded.gz junk.gz && echo junk >>junk.gz
	gives 0 gzip_it -d padded.gz && cmp padded note && absent padded.gz &&
		says 'other data' gives 2 gzip_it -d junk.gz && cmp junk note &&
		[ -e junk.gz ]
}

full_disk() {
	says 'No space' gives 1 gzip_it -c note >/dev/full &&
		says 'No space' gives 1 gzip_it -o /dev/full note
}

closed_descriptors() {
	gzip -c note >shut.gz && echo junk >>shut.gz
	gives 1 gzip_it -c note >&- && gives 1 gzip_it -c <&- &&
		gives 2 gzip_it -d shut.gz <&- >&- 2>&- && cmp shut note
}

named_pipe() {
	mkfifo fifo
	timeout 20 sh -c 'sleep 1; cat note >fifo' &
	gzip_it -c fifo | gzip -dc | cmp - note
}

# Somebody else has made the pipes non-blocking, and is slow.
nonblocking() {
	(
		cat note
		sleep 1
		cat note
	) | {
		/host/usr/bin/dd iflag=nonblock count=0 status=none
		gzip_it -c >slow.gz
	}
	{
		/host/usr/bin/dd oflag=nonblock count=0 status=none
		gzip_it -dc slow.gz
	} | {
		sleep 1
		cmp - <(cat note note)
	}
}

# dies_of SIGNAL: in the middle of a file; what was begun is removed.
dies_of() {
	rm -rf room && mkdir room && mkfifo room/in || return
	"$bin/hisi-gzip" -o room/out room/in &
	local pid=$! status tries=100
	exec 9>room/in
	head -c 1000000 text >&9
	while [ $((tries--)) -gt 0 ] && ! ls room/.hisi-gzip.* >found 2>&1; do
		sleep 0.1
	done
	grep -v 'No such' found && kill -s "$1" $pid && wait $pid
	status=$?
	exec 9>&-
	[ $status -eq $((128 + $(kill -l "$1"))) ] && [ "$(ls -A room)" = in ]
}

check "mode and time are kept" keeps_attributes
check "an output that exists is spared" overwrites_when_told
check "what is not to be touched is not" leaves_alone
check "symbolic links are kept" keeps_links
check "outputs get the right name" names_outputs
check "one bad file does not spoil the rest" goes_on_after_trouble
check "padding is ignored, other data is told of" ignores_padding
check "a full disk is an error" full_disk
check "closed descriptors are errors" closed_descriptors
check "the writer of a named pipe is waited for" named_pipe
check "pipes may be non-blocking" nonblocking
for signal in TERM HUP PIPE XCPU; do
	check "nothing is left after SIG$signal" dies_of $signal
done
