package com.paiml.duende.linux.event;

/**
 * One message of a unix datagram socket.
 *
 * @param sender who sent it, by the kernel's word; pid 0 when it is outside of our pid namespace
 * @param text the message as UTF-8
 * @param truncated whether it was longer than the receiver takes
 */
public record Datagram(PeerCredentials sender, String text, boolean truncated) {}
