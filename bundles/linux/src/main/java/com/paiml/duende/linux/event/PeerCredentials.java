package com.paiml.duende.linux.event;

/**
 * Who is at the other end of a unix socket, by the kernel's word ({@code struct ucred}, unix(7)).
 *
 * @param pid the process, 0 when it is outside of our pid namespace
 * @param uid its user
 * @param gid its group
 */
public record PeerCredentials(int pid, int uid, int gid) {}
