package com.paiml.duende.adapter.pepita.monitor;

/**
 * How fast a machine's disks are read and written, all of them together.
 *
 * @param read bytes in a second; 0 for no limit
 * @param written bytes in a second; 0 for no limit
 */
public record DiskRate(long read, long written) {}
