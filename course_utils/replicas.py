"""Batches shared among the replicas of a distribution strategy."""


def share_out(strategy, arrays):
    """Cut a batch into as many shares as there are replicas, in order, as equal as can be.

    Every worker must hold the same batch. It is called where replicas are not told apart: outside
    of ``strategy.run``.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
    arrays : tensor of shape ``(n, ...)``, or a nest of them

    Returns
    -------
    As ``arrays``, what `strategy.run` takes in its ``args``.
    """
    import tensorflow as tf

    if strategy.num_replicas_in_sync == 1:
        return arrays

    def share(context):
        i, replicas = context.replica_id_in_sync_group, context.num_replicas_in_sync
        return tf.nest.map_structure(
            lambda each: each[i * len_of(each) // replicas : (i + 1) * len_of(each) // replicas],
            arrays,
        )

    return strategy.experimental_distribute_values_from_function(share)


def len_of(tensor):
    """Number of a tensor's rows, where it is known only while a compiled function runs, too."""
    import tensorflow as tf

    return tf.shape(tensor)[0]
