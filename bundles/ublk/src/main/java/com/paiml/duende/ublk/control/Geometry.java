package com.paiml.duende.ublk.control;

/**
 * The parameters of a disk.
 *
 * @param size bytes, a multiple of the block
 * @param block logical block, bytes: a power of two from 512 to 4096
 * @param maxIo bytes of the largest request
 * @param volatileCache whether what is written is durable only after a flush; then flushes and FUA writes arrive
 * @param discards whether ranges can be forgotten
 * @param readOnly whether writes are refused by the kernel
 */
public record Geometry(
    long size, int block, int maxIo, boolean volatileCache, boolean discards, boolean readOnly) {}
