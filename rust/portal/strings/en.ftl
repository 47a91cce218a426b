# The portal's words. A new language is a copy of this file, named by its code (BCP 47), with the right-hand sides translated.
# What is missing in a file is shown in English; `cargo run -p portal --example missing` lists it.

language-name = English
# ltr, or rtl for a script that runs from right to left
language-direction = ltr
decimal-mark = .
size-kb = { $n } KB
size-mb = { $n } MB
size-gb = { $n } GB

## Every page
skip-to-content = Skip to the content
languages = Languages
back-to-portal = Back to the start page
box-status = Is the box well?

## The portal page
welcome = Welcome to
about = This is a local network. Everything here comes from a small box near you and works without the internet.
enter-title = Come in
enter-text = Tap Continue to stay connected to this network.
continue = Continue
entered-title = You are connected
entered-text = Stay on this Wi-Fi for as long as you like.

## What a phone of that kind needs. The quoted words are the ones on the phone's own buttons.
android-title = On Android
android-step-1 = If the phone says that there is no internet, stay: tap the three dots ⋮ at the top and choose “Use this network as is”.
android-step-2 = If pages do not open, turn mobile data off while you are here.
android-button = Use this network as is
android-picture = Picture: the three dots at the top right open a menu with “Use this network as is”.
apple-title = On iPhone, iPad and Mac
apple-step-1 = After Continue, tap “Done” at the top right.
apple-step-2 = If it says “Cancel” instead: tap it, then choose “Use Without Internet”.
apple-cancel = Cancel
apple-button = Use Without Internet
apple-picture = Picture: “Cancel” at the top right, then the button “Use Without Internet”.
other-title = On this device
other-step-1 = If it says that there is no internet, stay connected: this network works without it.

## What is here
files-title = What is here
files-empty = Nothing has been put on this box yet. When the people who look after it add something, it will be listed here.
files-more = All { $n } files
files-all = All files
files-truncated = Only the first { $n } are listed.

## Open in your browser
browser-title = Open in your browser
browser-text = The small window that opens by itself closes easily and cannot save files. Better: type this address in your browser.
browser-or = or
browser-scan = Or point another phone that is on this Wi-Fi at this square:
qr-label = QR code of { $address }

## The box is full
full-title = The box is full
full-text = You have the last free place on this network: the box can serve { $n } phones at a time.
full-text-unknown = You have the last free place on this network: the box cannot serve more phones at a time.
full-do = You are in, and can go on. Please turn Wi-Fi off on your phone when you have what you came for, so that somebody else can come in.
full-others = If somebody near you cannot connect: wait a few minutes, or ask a person who has finished to leave.

## Errors
not-found-title = Not here
not-found-text = There is nothing at this address. Perhaps it was moved or removed.
wrong-title = That did not work
wrong-text = The box could not make sense of this request.

## Is the box well? (read by the owner, and by anyone)
status-title = Is the box well?
status-well = All is well.
status-starting = The box is starting. This takes a minute.
status-trouble = Something needs attention.
status-unknown = The box does not say how it is. The portal works.
status-radio = Wi-Fi
radio-up = On: “{ $ssid }”, channel { $channel }
radio-starting = Starting
radio-none = No radio that can open a network was found. The box serves its Ethernet port.
radio-failed = Not working
radio-open = Open network, without a password
radio-wpa2 = Protected by a password
status-phones = Phones
phones-of = { $n } of { $limit }
phones-full = { $n } of { $limit }: full
status-uplink = Internet
uplink-none = No cable
uplink-no-lease = Cable connected, but that network gives no address
uplink-lease = Connected to another network; the internet does not answer
uplink-internet = The internet answers
uplink-serving-lan = The Ethernet port serves this network
status-space = Space
space-free = { $free } free of { $total }
space-trouble = The card's storage does not work. The box runs, but keeps nothing.
status-settings = Settings
settings-good = No problem in hotspot.toml.
settings-bad = These lines of hotspot.toml were not understood; the default is used for each:
settings-line = Line { $line }
status-troubles = What is wrong
status-version = Version
status-uptime = Running for
uptime-days = { $days } d { $hours } h
uptime-hours = { $hours } h { $minutes } min
unknown = not known

## Updates of the box
update-title = Updates
update-idle = The box is up to date, as far as it knows.
update-writing = Release { $n } is being written: { $percent }%. Leave the stick in and the power on.
update-ready = Release { $n } is ready. The box restarts into it when nobody is downloading.
update-trial = Release { $n } is on trial. It is kept if everything works.
update-good = The new release works and is kept.
update-failed = The last update was not kept. The box runs as before.
update-rescue = The rescue system runs. Push in a stick with an update.
update-running = Runs
update-other = In the other slot
update-release = Release { $n }, slot { $slot }
update-none = Nothing whole
update-source = Comes from
update-sticks = USB sticks only
update-pin = Held at release
update-how = To update: copy the update's file to any USB stick and push it into the box.
update-history = What happened

## The library
library-title = Library
library-count = { $n } files
library-empty = There is nothing in the library yet. Push in a stick with a bundle, or ask the people who look after this box.
library-search-label = Search titles, descriptions and file names
library-search = Search
library-in = Language
library-all-languages = All languages
library-none = Nothing here matches “{ $q }”.
library-files = Files
library-open = Open
library-save = Save
library-size = Size
library-license = Licence
library-publisher = Published by
library-unsigned = Nobody vouches for it
library-before = Files before these
library-after = More files
library-more = The whole library ({ $n })

## The rescue system: neither slot can be started
rescue-title = This box needs a repair
rescue-what = Its system is damaged: neither of the two copies on its card can be started. What is stored on the box is still there.
rescue-do = What to do
rescue-step-1 = Copy the file p2p-hotspot.update to a USB stick, on any computer. You get it where this box's software comes from.
rescue-step-2 = Push the stick into the box and leave it there.
rescue-step-3 = Wait until the box starts again by itself. That takes some minutes. If the power fails meanwhile, nothing is lost: it begins again.
rescue-else = If that does not help, the box's card has to be written anew on a computer.
rescue-now = What the box does now
rescue-idle = It waits for a stick with an update.
rescue-writing = It is being repaired: { $n } %.
rescue-ready = It is repaired and starts again.
rescue-failed = The update on the stick could not be used:
